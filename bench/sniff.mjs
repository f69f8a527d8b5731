// npm run bench:sniff [-- --quick] [--write-docs]: what sniffing costs. The method is in docs/performance.md.
import { parseArgs } from 'node:util';
import { replaceBetween, resultsPath, writeFormatted } from './lib/files.mjs';
import { describeMachine, loadAverage, tools } from './lib/machine.mjs';
import { markdown } from './lib/report.mjs';
import { measureDecision } from './rows/decision.mjs';
import { measureGrpc } from './rows/grpc.mjs';
import { measureHttp } from './rows/http.mjs';
import { measureSilent } from './rows/silent.mjs';
import * as views from './rows/views.mjs';

const { quick, 'write-docs': writeDocs } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, 'write-docs': { type: 'boolean', default: false } },
}).values;

// A generation starts all servers anew; a round is a second of load on each.
const size = quick
  ? {
      generations: 1,
      rounds: 2,
      warmUpSeconds: 1,
      decisions: { rounds: 3, times: 20_000, milliseconds: 100 },
      windowSeconds: 1,
    }
  : {
      generations: 3,
      rounds: 5,
      warmUpSeconds: 2,
      decisions: { rounds: 5, times: 200_000, milliseconds: 300 },
      windowSeconds: 10,
    };
const { decisions, windowSeconds, ...load } = size;

const http = (headers, wanted) => async (progress) => ({
  rows: await measureHttp({ headers, wanted, ...load, progress }),
  unit: 'request',
});

const SECTIONS = [
  {
    title: 'HTTP/1.1, a connection for each request',
    view: 'comparison',
    needs: ['wrk'],
    measure: http(['Connection: close'], 0.97),
  },
  { title: 'HTTP/1.1, keep-alive', view: 'comparison', needs: ['wrk'], measure: http([], 0.99) },
  {
    title: 'gRPC, unary calls on a warm connection',
    view: 'comparison',
    needs: [],
    measure: async (progress) => ({ rows: await measureGrpc({ wanted: 0.98, ...load, progress }), unit: 'call' }),
  },
  {
    title: 'One decision over all matchers',
    view: 'decision',
    needs: [],
    measure: (progress) => measureDecision({ wanted: 0.5, ...decisions, progress }),
  },
  {
    title: 'Silent connections',
    view: 'silent',
    needs: [],
    measure: (progress) => measureSilent({ wanted: { heapBytesEach: 8192, cpuShare: 0.001 }, windowSeconds, progress }),
  },
];

const say = (line) => process.stderr.write(`${line}\n`);
const date = new Date().toISOString().slice(0, 10);
const machine = describeMachine();
const leftOut = [
  ...(tools.wrk === undefined ? ['wrk, and with it the HTTP rows'] : []),
  ...(tools.go === undefined ? ['Go, and with it the rows of net/http and cmux'] : []),
  ...(tools.go !== undefined && tools.cmux === undefined ? ["Debian's cmux, and with it the rows of Go"] : []),
  ...(tools.taskset === undefined ? ['taskset: server and load share the cores'] : []),
];
for (const name of leftOut) say(`not installed: ${name}`);

const sections = [];
for (const { title, view, needs, measure } of SECTIONS) {
  if (needs.some((tool) => tools[tool] === undefined)) continue;
  say(`== ${title}`);
  sections.push({ title, view, ...(await measure((line) => say(`   ${line}`))) });
}

const software = [tools.wrk, tools.go, tools.cmux && `cmux ${tools.cmux}`].filter((name) => name !== undefined);
const results = { date, quick, machine, software, leftOut, loadAverageAfter: loadAverage(), sections };
const text = markdown(results, views);
await writeFormatted(resultsPath('sniff', results), JSON.stringify(results));
if (writeDocs) await replaceBetween('docs/performance.md', 'bench:sniff', text);
process.stdout.write(`${text}\n`);
