import { Child, LOAD_CORE, SERVER_CORE } from '../lib/child.mjs';
import { compare } from '../lib/comparison.mjs';

/** A server and a client process that has called it already. */
async function startPair(script) {
  const server = await Child.startScript(SERVER_CORE, script);
  const client = await Child.startScript(LOAD_CORE, 'sniff/clients/grpc.mjs', String(server.ready.port));
  return {
    server,
    client,
    async stop() {
      await client.stop();
      await server.stop();
    },
  };
}

/** Unary calls on one warm connection: the server bound by grpc-js itself, and behind the sniffer. */
export async function measureGrpc({ wanted, ...size }) {
  const subject = (name, script, rest = {}) => ({
    name,
    start: () => startPair(`sniff/servers/${script}.mjs`),
    ...rest,
  });
  const subjects = [
    subject('grpc-js', 'grpc-direct'),
    subject('rxmux', 'grpc-rxmux', { against: 'grpc-js' }),
    subject('grpc-js, once more', 'grpc-direct', { against: 'grpc-js' }),
  ];
  const measure = async ({ server, client }, seconds) => {
    const before = await server.ask('cpu');
    const { calls, rate } = await client.ask('load', seconds);
    const after = await server.ask('cpu');
    return { cpuMicros: (after.cpuMicros - before.cpuMicros) / calls, rate };
  };
  const results = await compare({ subjects, measure, ...size });
  return results.map((result) => (result.name === 'rxmux' ? { ...result, wanted } : result));
}
