// npm run bench:latency -- [REV] [--delay MS] [--rate MBIT] [--loss PERCENT] [--queue BYTES] [--bulk STREAMS] [--direction up|down|both]
//   [--codec NAME …] [--seconds N] [--runs N]
// How long an 8-byte message takes beside bulk on a long link, and what the bulk gets, counted where it arrives. It needs root, Go and
// /dev/net/tun, for a link of its own between two network namespaces. With a revision both are measured, in turns.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './lib/child.mjs';
import { buildLink } from './lib/go.mjs';
import { describeMachine, loadAverage } from './lib/machine.mjs';
import { table } from './lib/report.mjs';
import { buildRevision } from './lib/revision.mjs';
import { median, summary } from './lib/statistics.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const IDLE_SECONDS = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    delay: { type: 'string', default: '50' },
    rate: { type: 'string', default: '20' },
    loss: { type: 'string', default: '0' },
    queue: { type: 'string', default: String(2 ** 20) },
    bulk: { type: 'string', default: '1' },
    direction: { type: 'string', default: 'up' },
    codec: { type: 'string', multiple: true, default: ['yamux', 'muxado2', 'muxado1', 'smux2', 'smux1'] },
    seconds: { type: 'string', default: '10' },
    runs: { type: 'string', default: '1' },
  },
});
const { delay, rate, loss, queue, bulk, direction, seconds, runs } = values;

const trees = [{ name: 'this tree', bench: HERE }];
if (positionals.length > 0) {
  const { hash, bench } = buildRevision(positionals[0]);
  trees.unshift({ name: hash, bench });
}

const within = (namespace, bench, ...args) =>
  Child.start(undefined, 'ip', 'netns', 'exec', namespace, process.execPath, join(bench, 'latency/peer.mjs'), ...args);

const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

/** One pair of processes: pings alone, then beside bulk, of which the first seconds warm up. */
async function run({ near, far, host }, bench, codec) {
  const server = await within(far, bench, 'server', codec, host);
  const client = await within(near, bench, 'client', codec, host, String(server.ready.port));
  const count = async () => {
    const [up, down] = [await server.ask('arrived'), await client.ask('came')];
    return { up: up.arrivedBytes, upAt: up.at, down: down.cameBytes, downAt: down.at };
  };
  try {
    const idle = median((await client.ask('pings', IDLE_SECONDS)).times);
    await client.ask('bulk', bulk, direction);
    await client.ask('pings', Number(seconds) / 3);
    const before = await count();
    const { times } = await client.ask('pings', seconds);
    const after = await count();
    const sorted = times.toSorted((a, b) => a - b);
    const up = (after.up - before.up) / (after.upAt - before.upAt) / 1e3;
    const down = (after.down - before.down) / (after.downAt - before.downAt) / 1e3;
    return { idle, p50: share(sorted, 0.5), p99: share(sorted, 0.99), rate: up + down };
  } finally {
    await client.stop();
    await server.stop();
  }
}

const flags = [`-delay=${delay}ms`, `-rate=${rate}`, `-loss=${loss}`, `-queue=${queue}`];
const link = await Child.start(undefined, await buildLink(), `-name=rxmux${process.pid % 10_000}`, ...flags);
const rows = [];
try {
  for (const codec of values.codec) {
    const all = trees.map(() => []);
    for (let i = 0; i < Number(runs); i++) {
      for (const [tree, { bench }] of trees.entries()) all[tree].push(await run(link.ready, bench, codec));
    }
    for (const [tree, { name }] of trees.entries()) {
      const of = (figure) => summary(all[tree].map((one) => one[figure]));
      const cell = (figure, digits) => {
        const { median: middle, mad, values: measured } = of(figure);
        return measured.length === 1
          ? middle.toFixed(digits)
          : `${middle.toFixed(digits)} (MAD ${mad.toFixed(digits)})`;
      };
      const row = [codec, name, cell('idle', 0), cell('p50', 0), cell('p99', 0), cell('rate', 2)];
      process.stderr.write(`   ${row.join(' | ')}\n`);
      rows.push(row);
    }
  }
} finally {
  await link.stop();
}
const { node, cpu, cores, system } = describeMachine();
process.stdout.write(
  `${delay} ms one way, ${rate === '0' ? 'no bound of rate' : `${rate} Mbit/s`}, ${loss} % loss, ${bulk} bulk, ${direction}. `,
);
process.stdout.write(`Node.js ${node}, ${cores} cores of ${cpu}, ${system}; load average after: ${loadAverage()}.\n\n`);
process.stdout.write(`${table(['protocol', 'code', 'alone, ms', 'p50, ms', 'p99, ms', 'bulk, MB/s'], rows)}\n`);
