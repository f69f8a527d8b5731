// npm run bench:session [-- --quick] [--write-docs] [--work NAME] [--peer NAME]: what streams over a session cost. The method
// is in docs/performance.md. --work and --peer, which may be repeated, leave the others out.
import { parseArgs } from 'node:util';
import { replaceBetween, resultsPath, writeFormatted } from './lib/files.mjs';
import { hasMultiplexers } from './lib/go.mjs';
import { describeMachine, loadAverage, tools } from './lib/machine.mjs';
import { markdown } from './lib/report.mjs';
import { measureWork } from './session/measure.mjs';
import { libp2p, peers } from './session/peers.mjs';
import { work as workView } from './session/view.mjs';
import { WORKS } from './session/works.mjs';

const {
  quick,
  'write-docs': writeDocs,
  ...only
} = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
    work: { type: 'string', multiple: true, default: Object.keys(WORKS) },
    peer: { type: 'string', multiple: true },
  },
}).values;

const unknown = only.work.find((name) => !(name in WORKS));
if (unknown !== undefined) throw new Error(`there is no work ${unknown}, but ${Object.keys(WORKS).join(', ')}`);

const rounds = quick ? 1 : 5;
const times = quick ? { warmUpSeconds: 0.05, seconds: 0.1 } : { warmUpSeconds: 0.5, seconds: 0.8 };

const say = (line) => process.stderr.write(`${line}\n`);
const date = new Date().toISOString().slice(0, 10);
const machine = describeMachine();
const leftOut = [
  ...(libp2p === undefined ? ['@chainsafe/libp2p-yamux'] : []),
  ...(hasMultiplexers ? [] : ["Go, or one of Debian's packages of muxado, yamux and smux"]),
  ...(tools.taskset === undefined ? ['taskset: server and client share the cores'] : []),
];
for (const name of leftOut) say(`not installed: ${name}`);
const software = [
  ...(libp2p === undefined ? [] : [`libp2p-yamux ${libp2p}`]),
  ...(hasMultiplexers ? [tools.go, `Go muxado ${tools.muxado}, yamux ${tools.yamux}, smux ${tools.smux}`] : []),
];

const measured = (await peers()).filter(({ name, inQuick }) => only.peer?.includes(name) ?? (inQuick || !quick));
const sections = [];
for (const name of only.work) {
  const work = WORKS[name];
  say(`== ${work.title}`);
  const progress = (round) => say(`   round ${round}/${rounds}`);
  sections.push({ name, ...(await measureWork(work, { peers: measured, rounds, times, progress })) });
}

const results = { date, quick, machine, software, leftOut, loadAverageAfter: loadAverage(), sections };
const text = markdown(results, { work: workView });
await writeFormatted(resultsPath('session', results), JSON.stringify(results));
if (writeDocs) await replaceBetween('docs/performance.md', 'bench:session', text);
process.stdout.write(`${text}\n`);
