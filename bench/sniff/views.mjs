import { ratio, spread, table, verdict } from '../lib/report.mjs';

const holdsComparison = ({ wanted, rateRatio, cpuRatio }) => rateRatio.median >= wanted && cpuRatio.median >= wanted;

/** Subjects of a comparison: each beside the one it is compared with. */
function showComparison({ rows, unit }) {
  const heads = ['server', `${unit}s/s`, `CPU µs/${unit}`, 'rate ratio', 'CPU ratio', 'wanted'];
  const cells = rows.map(({ name, against, rate, cpuMicros, rateRatio, cpuRatio, wanted }) => [
    against === undefined ? name : `${name} : ${against}`,
    spread(rate),
    spread(cpuMicros),
    against === undefined ? '' : ratio(rateRatio),
    against === undefined ? '' : ratio(cpuRatio),
    wanted === undefined ? '' : `≥ ${wanted}: ${verdict(holdsComparison({ wanted, rateRatio, cpuRatio }))}`,
  ]);
  return table(heads, cells);
}

export const comparison = {
  show: showComparison,
  outcomes: ({ rows }) =>
    rows
      .filter(({ wanted }) => wanted !== undefined)
      .map((row) => ({
        who: row.name,
        wanted: `≥ ${row.wanted} × ${row.against}`,
        reached: `rate ${ratio(row.rateRatio)}, CPU ${ratio(row.cpuRatio)}`,
        holds: holdsComparison(row),
      })),
};

/** Decisions by flight, each beside cmux's for the same. */
function showDecisions({ rows, cmux }) {
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

export const decision = {
  show: showDecisions,
  outcomes: ({ rows }) =>
    rows
      .filter(({ wanted }) => wanted !== undefined)
      .map(({ flight, counterpart, wanted, bareRatio }) => ({
        who: `rxmux, ${flight}`,
        wanted: `≤ ${wanted} × cmux's own \`${counterpart}\``,
        reached: ratio(bareRatio),
        holds: bareRatio.median <= wanted,
      })),
};

/** What is wanted of connections that say nothing, and what became of it. */
function silentOutcomes({ connections, idle, held, after, heapBytesEach, wanted }) {
  const extraMicros = held.cpuMicros.median - idle.cpuMicros.median;
  const count = connections.toLocaleString('en');
  return [
    {
      who: `rxmux, ${count} silent connections`,
      wanted: 'no CPU',
      reached: `${Math.round(extraMicros)} µs a second`,
      holds: extraMicros / 1e6 < wanted.cpuShare,
    },
    {
      who: 'rxmux, each of them',
      wanted: `≤ ${wanted.heapBytesEach} bytes of JS heap`,
      reached: `${Math.round(heapBytesEach)} bytes`,
      holds: heapBytesEach <= wanted.heapBytesEach,
    },
    {
      who: 'rxmux, at the deadline',
      wanted: `${count} closed, none with an error`,
      reached: `${after.closed.toLocaleString('en')} closed, ${after.failed} with an error`,
      holds: after.closed === connections && after.failed === 0 && after.undecided === 0,
    },
  ];
}

/** Connections that say nothing: without them, with them, and after their deadline. */
function showSilent(section) {
  const { connections, idle, held, after } = section;
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const state = (name, { cpuMicros, heapUsed, rss }) => [
    name,
    cpuMicros === undefined ? '' : spread(cpuMicros),
    mebibytes(heapUsed),
    mebibytes(rss),
  ];
  const rows = [
    state('no connection', idle),
    state(`${connections.toLocaleString('en')} silent connections`, held),
    state('after the deadline', after),
  ];
  const list = silentOutcomes(section).map(
    ({ who, wanted, reached, holds }) => `- ${who}: wanted ${wanted}; ${reached}: ${verdict(holds)}`,
  );
  return `${table(['', 'CPU µs each second', 'JS heap', 'RSS'], rows)}\n\n${list.join('\n')}`;
}

export const silent = { show: showSilent, outcomes: silentOutcomes };
