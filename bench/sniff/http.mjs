import { Child, SERVER_CORE } from '../lib/child.mjs';
import { compare } from '../lib/comparison.mjs';
import { buildGoServer, hasCmux } from '../lib/go.mjs';
import { tools } from '../lib/machine.mjs';
import { wrk } from '../lib/wrk.mjs';

const script = (name) => () => Child.startScript(SERVER_CORE, `sniff/servers/${name}.mjs`);

/** A measurement of a server that wrk puts its load on. */
export const underLoad = (scheme, headers) => async (server, seconds) => {
  const before = await server.ask('cpu');
  const url = `${scheme}://127.0.0.1:${server.ready.port}/`;
  const { requests, rate } = await wrk({ url, seconds, headers });
  const after = await server.ask('cpu');
  return { cpuMicros: (after.cpuMicros - before.cpuMicros) / requests, rate };
};

/**
 * Servers asked by wrk. The plain one, `direct`, is there a second time, which shows what a difference of nothing looks like. In turns
 * that go round, the first of the others follows it and its second self goes before it: what drifts between two seconds drifts less
 * than between three.
 */
async function asked(scheme, { direct, others, headers, wanted, ...size }) {
  const [name, startDirect] = direct;
  const subjects = [
    { name, start: startDirect },
    ...others.map(([other, start, against = name]) => ({ name: other, against, start })),
    { name: `${name}, once more`, against: name, start: startDirect },
  ];
  const results = await compare({ subjects, measure: underLoad(scheme, headers), ...size });
  return results.map((result) => (result.name === 'rxmux' ? { ...result, wanted } : result));
}

const httpolyglot = (name) => (tools.httpolyglot === undefined ? [] : [['httpolyglot', script(name)]]);

async function inGo() {
  if (!hasCmux) return [];
  const binary = await buildGoServer();
  const start = (kind) => () => Child.start(SERVER_CORE, binary, kind);
  return [
    ['Go net/http', start('plain'), undefined],
    ['Go cmux', start('cmux'), 'Go net/http'],
  ];
}

/** Plain servers, and servers behind a sniffer. */
export async function measureHttp(options) {
  const others = [['rxmux', script('http-rxmux')], ...httpolyglot('http-httpolyglot'), ...(await inGo())];
  return asked('http', { direct: ['node:http', script('http-plain')], others, ...options });
}

/** The same over TLS; what is sniffed is TLS, and then what is inside. */
export function measureHttps(options) {
  const others = [['rxmux', script('https-rxmux')], ...httpolyglot('https-httpolyglot')];
  return asked('https', { direct: ['node:https', script('https-plain')], others, ...options });
}
