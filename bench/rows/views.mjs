import { ratio, spread, table, verdict } from '../lib/report.mjs';

/** Subjects of a comparison: each beside the one it is compared with. */
export function comparison({ rows, unit }) {
  const heads = ['server', `${unit}s/s`, `CPU µs/${unit}`, 'rate ratio', 'CPU ratio', 'wanted'];
  const cells = rows.map(({ name, against, rate, cpuMicros, rateRatio, cpuRatio, wanted }) => [
    against === undefined ? name : `${name} : ${against}`,
    spread(rate),
    spread(cpuMicros),
    against === undefined ? '' : ratio(rateRatio),
    against === undefined ? '' : ratio(cpuRatio),
    wanted === undefined ? '' : `≥ ${wanted}: ${verdict(rateRatio.median >= wanted && cpuRatio.median >= wanted)}`,
  ]);
  return table(heads, cells);
}

/** Decisions by flight, each beside cmux's for the same. */
export function decision({ rows, cmux }) {
  const heads = [
    'first flight',
    'decision, ns',
    'through `sniff`, ns',
    'with head matchers, ns',
    'ratio to cmux',
    'wanted',
  ];
  const cells = rows.map(({ flight, bare, operator, bareWithHeads, counterpart, bareRatio, operatorRatio, wanted }) => [
    flight,
    spread(bare),
    spread(operator),
    bareWithHeads === undefined ? '' : spread(bareWithHeads),
    counterpart === undefined
      ? ''
      : `${bareRatio.median.toFixed(2)} bare, ${operatorRatio.median.toFixed(2)} through \`sniff\` (${counterpart})`,
    counterpart === undefined ? '' : `≤ ${wanted}: ${verdict(bareRatio.median <= wanted)}`,
  ]);
  const theirs = cmux.map(({ name, nanos }) => [`cmux's own \`${name}\``, spread(nanos), '', '', '', '']);
  return table(heads, [...cells, ...theirs]);
}

/** Connections that say nothing: without them, with them, and after their deadline. */
export function silent({ connections, idle, held, after, heapBytesEach, wanted }) {
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const state = (name, { cpuMicros, heapUsed, rss }) => [
    name,
    cpuMicros === undefined ? '' : spread(cpuMicros),
    mebibytes(heapUsed),
    mebibytes(rss),
  ];
  const count = connections.toLocaleString('en');
  const heads = ['', 'CPU µs each second', 'JS heap', 'RSS'];
  const rows = [
    state('no connection', idle),
    state(`${count} silent connections`, held),
    state('after the deadline', after),
  ];
  const extraMicros = held.cpuMicros.median - idle.cpuMicros.median;
  const noCpu = extraMicros / 1e6 < wanted.cpuShare;
  const cheap = heapBytesEach <= wanted.heapBytesEach;
  const clean = after.closed === connections && after.failed === 0 && after.undecided === 0;
  return `${table(heads, rows)}

- CPU that ${count} silent connections cost: ${Math.round(extraMicros)} µs a second; wanted none: ${verdict(noCpu)}
- JS heap of each: ${Math.round(heapBytesEach)} bytes; wanted ≤ ${wanted.heapBytesEach}: ${verdict(cheap)}
- closed by the deadline: ${after.closed.toLocaleString('en')} of ${count}, ${after.failed} with an error: ${verdict(clean)}`;
}
