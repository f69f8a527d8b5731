// npm run bench:compare -- REV [--work NAME …] [--generations N] [--fresh]: this tree against another revision, both built, in turns.
// Every ratio is of one round, more than 1 is better than the revision; the revision once more shows what a difference of nothing
// looks like. `--fresh` measures processes that hold nothing yet (see lib/lived-in.mjs).
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child, SERVER_CORE } from './lib/child.mjs';
import { compare } from './lib/comparison.mjs';
import { describeMachine, loadAverage, tools } from './lib/machine.mjs';
import { ratio, spread, table } from './lib/report.mjs';
import { buildRevision } from './lib/revision.mjs';
import { summary } from './lib/statistics.mjs';
import { measureWork } from './session/measure.mjs';
import { NodePair } from './session/node-pair.mjs';
import { WORKS } from './session/works.mjs';
import { underLoad } from './sniff/http.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TIMES = { warmUpSeconds: 0.6, seconds: 0.3 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: 'string', multiple: true },
    generations: { type: 'string', default: '3' },
    fresh: { type: 'boolean', default: false },
  },
});
const generations = Number(values.generations);
if (positionals.length !== 1 || !(generations >= 1)) {
  throw new Error('usage: npm run bench:compare -- REV [--work NAME …] [--generations N] [--fresh]');
}
if (values.fresh) process.env.BENCH_FRESH = '1';
const revision = buildRevision(positionals[0]);

/** What is measured: the revision, this tree, and the revision once more, each by the programs in its own `bench/`. */
const trees = [
  { name: revision.hash, bench: revision.bench },
  { name: 'this tree', bench: HERE },
  { name: `${revision.hash}, once more`, bench: revision.bench },
];
const progress = (line) => process.stderr.write(`   ${line}\n`);

/** A work of `bench:session` by one kind of stream; `figure` is what counts, `isTime` when less of it is better. */
const streams = (work, named, { figure = 'rate', isTime = false, rounds = 5 } = {}) => ({
  title: `${WORKS[work].title}: ${named.join(' ')}`,
  async measure() {
    const peers = trees.map(({ name, bench }) => ({
      name,
      runsIn: 'node',
      start: (options) => NodePair.start(['rxmux', 'tcp', ...named], { ...options, bench }),
    }));
    const bare = { ...WORKS[work], wanted: [], reference: undefined };
    const { rows, figures } = await measureWork(bare, { peers, generations, rounds, times: TIMES, progress });
    const failed = rows.find((row) => row.failed !== undefined);
    if (failed !== undefined) throw new Error(`${failed.name}: ${failed.failed}`);
    const [before, ...others] = rows.map((row) => row.figures[figure]);
    const against = ({ values: own }) =>
      summary(own.map((value, round) => (isTime ? before.values[round] / value : value / before.values[round])));
    return [{ what: figures[figure], before, now: others[0], ratios: others.map(against) }];
  },
});

/** A server behind the sniffer under wrk's load. */
const server = (title, scheme, script, headers) => ({
  title,
  async measure() {
    const subjects = trees.map(({ name, bench }, i) => ({
      name,
      ...(i > 0 && { against: trees[0].name }),
      start: () => Child.startScript(SERVER_CORE, join(bench, `sniff/servers/${script}.mjs`)),
    }));
    const size = { generations, rounds: 4, seconds: 1, warmUpSeconds: 1, progress };
    const [before, ...others] = await compare({ subjects, measure: underLoad(scheme, headers), ...size });
    return [
      {
        what: 'requests/s',
        before: before.rate,
        now: others[0].rate,
        ratios: others.map(({ rateRatio }) => rateRatio),
      },
      {
        what: 'CPU, µs',
        before: before.cpuMicros,
        now: others[0].cpuMicros,
        ratios: others.map(({ cpuRatio }) => cpuRatio),
      },
    ];
  },
});

const CLOSE = ['Connection: close'];
const works = {
  'bulk-1': streams('bulk-1', ['yamux', 'observable']),
  'bulk-1-muxado2': streams('bulk-1', ['muxado2', 'observable']),
  'bulk-1-duplex': streams('bulk-1', ['muxado2', 'duplex']),
  'bulk-64': streams('bulk-64', ['yamux', 'observable']),
  open: streams('open', ['yamux', 'observable']),
  'open-smux2': streams('open', ['smux2', 'observable']),
  'open-duplex': streams('open', ['muxado2', 'duplex']),
  'ping-pong': streams('ping-pong', ['yamux', 'observable'], { figure: 'p50Micros', isTime: true }),
  'rpc-beside-bulk': streams('rpc-beside-bulk', ['yamux', 'observable'], {
    figure: 'p99Micros',
    isTime: true,
    rounds: 2,
  }),
  ...(tools.wrk !== undefined && {
    close: server('HTTP/1.1, a connection for each request', 'http', 'http-rxmux', CLOSE),
    'keep-alive': server('HTTP/1.1, keep-alive', 'http', 'http-rxmux', []),
    https: server('HTTP/1.1 inside TLS, a connection for each request', 'https', 'https-rxmux', CLOSE),
  }),
};
const unknown = values.work?.find((name) => !(name in works));
if (unknown !== undefined) throw new Error(`there is no work ${unknown}, but ${Object.keys(works).join(', ')}`);

const rows = [];
for (const [name, { title, measure }] of Object.entries(works)) {
  if (values.work?.includes(name) === false) continue;
  process.stderr.write(`== ${title}\n`);
  for (const { what, before, now, ratios } of await measure()) {
    rows.push([title, what, spread(before), spread(now), ...ratios.map((one) => ratio(one))]);
  }
}
const { node, cpu, cores } = describeMachine();
const kind = values.fresh ? 'fresh processes' : 'processes that have lived';
process.stdout.write(`This tree against ${revision.hash}, ${kind}. Node.js ${node}, ${cores} cores of ${cpu}. `);
process.stdout.write(`Load average after: ${loadAverage()}. Ratios above 1 are better.\n\n`);
process.stdout.write(`${table(['work', 'figure', revision.hash, 'this tree', 'ratio', 'once more'], rows)}\n`);
