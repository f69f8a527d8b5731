import { Child, SERVER_CORE } from '../lib/child.mjs';
import { compare } from '../lib/comparison.mjs';
import { buildGoServer, hasCmux } from '../lib/go.mjs';
import { wrk } from '../lib/wrk.mjs';

const script = (path) => () => Child.startScript(SERVER_CORE, path);

/** Plain servers and multiplexed ones, asked by wrk. The second plain server shows what a difference of nothing looks like. */
export async function measureHttp({ headers, wanted, generations, rounds, warmUpSeconds, progress }) {
  const subjects = [
    { name: 'node:http', start: script('servers/http-plain.mjs') },
    { name: 'node:http, once more', against: 'node:http', start: script('servers/http-plain.mjs') },
    { name: 'rxmux', against: 'node:http', start: script('servers/http-rxmux.mjs') },
  ];
  if (hasCmux) {
    const binary = await buildGoServer();
    const start = (kind) => () => Child.start(SERVER_CORE, binary, kind);
    subjects.push({ name: 'Go net/http', start: start('plain') });
    subjects.push({ name: 'Go cmux', against: 'Go net/http', start: start('cmux') });
  }
  const measure = async (server, isWarmUp) => {
    const before = await server.ask('cpu');
    const { requests, rate } = await wrk({
      port: server.ready.port,
      seconds: isWarmUp ? warmUpSeconds : 1,
      headers,
    });
    const after = await server.ask('cpu');
    return { cpuMicros: (after.cpuMicros - before.cpuMicros) / requests, rate };
  };
  const results = await compare({ subjects, generations, rounds, measure, progress });
  return results.map((result) => (result.name === 'rxmux' ? { ...result, wanted } : result));
}
