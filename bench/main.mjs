// npm run bench [-- SUITE …] [--quick] [--write-docs] [--work NAME] [--peer NAME]: what rxmux costs, beside what else there is. The method
// is in docs/performance.md. Without a suite all are run; --work and --peer, which may be repeated, leave the others out.
import { parseArgs } from 'node:util';
import { replaceBetween, resultsPath, writeFormatted } from './lib/files.mjs';
import { describeMachine, loadAverage } from './lib/machine.mjs';
import { markdown, summaryOf } from './lib/report.mjs';

const SUITES = ['sniff', 'session', 'micro'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
    work: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
  },
});
const { quick, 'write-docs': writeDocs, work: onlyWorks, peer: onlyPeers } = values;
const names = positionals.length > 0 ? positionals : SUITES;
const stranger = names.find((name) => !SUITES.includes(name));
if (stranger !== undefined) throw new Error(`there is no suite ${stranger}, but ${SUITES.join(', ')}`);
const suites = await Promise.all(names.map(async (name) => ({ name, ...(await import(`./${name}/suite.mjs`)) })));
const known = suites.flatMap(({ works }) => Object.keys(works));
const unknown = onlyWorks?.find((work) => !known.includes(work));
if (unknown !== undefined) throw new Error(`there is no work ${unknown}, but ${known.join(', ')}`);

const say = (line) => process.stderr.write(`${line}\n`);
const date = new Date().toISOString().slice(0, 10);
const resultsName = names.length === SUITES.length ? 'bench' : names.join('-');
const ofSuites = [];
for (const { name, works, views, software, leftOut } of suites) {
  const wanted = Object.entries(works).filter(([work]) => onlyWorks?.includes(work) ?? true);
  if (wanted.length === 0) continue;
  for (const missing of leftOut) say(`not installed: ${missing}`);
  const machine = describeMachine();
  const sections = [];
  for (const [work, { title, view, measure }] of wanted) {
    say(`== ${title}`);
    const progress = (line) => say(`   ${line}`);
    sections.push({ name: work, title, view, ...(await measure({ quick, onlyPeers, progress })) });
  }
  const results = { suite: name, date, quick, machine, software, leftOut, loadAverageAfter: loadAverage(), sections };
  ofSuites.push(results);
  const text = markdown(results, views);
  if (writeDocs) await replaceBetween('docs/performance.md', `bench:${name}`, text);
  process.stdout.write(`${text}\n\n`);
  // After each suite: all of them take an hour.
  await writeFormatted(resultsPath(resultsName, { date, quick }), JSON.stringify({ date, quick, suites: ofSuites }));
}
const viewsOf = Object.fromEntries(suites.map((suite) => [suite.name, suite.views]));
const summary = summaryOf(ofSuites, viewsOf);
if (writeDocs && names.length === SUITES.length) await replaceBetween('docs/performance.md', 'bench', summary);
process.stdout.write(`${summary}\n`);

const failed = ofSuites.flatMap(({ sections }) =>
  sections.flatMap(({ rows = [] }) => rows.filter((row) => row.isOurs && row.failed !== undefined)),
);
if (failed.length > 0) process.exitCode = 1;
