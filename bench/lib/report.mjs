/** A number with as many digits as it is good for. */
function digits(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : 2);
}

const spread = ({ median, min, max, mad }, show = digits) =>
  `${show(median)} (${show(min)}–${show(max)}, MAD ${show(mad)})`;
const ratio = (value) => spread(value, (number) => number.toFixed(3));
const verdict = (holds) => (holds ? 'held' : '**missed**');

function table(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Subjects of a comparison: each beside the one it is compared with. */
function comparison({ rows, unit }) {
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

function decision({ rows, cmux }) {
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

function silent({ connections, idle, held, after, heapBytesEach, wanted }) {
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

const VIEWS = { comparison, decision, silent };

/** The results as Markdown. */
export function markdown({ date, quick, machine, leftOut, loadAverageAfter, sections }) {
  const { cpu, cores, node, system, pinned, wrk, go, cmux, loadAverage } = machine;
  const software = [`Node.js ${node}`, system, wrk, go, cmux === undefined ? undefined : `cmux ${cmux}`];
  const facts = `${date}${quick ? ', a quick run' : ''}. ${cores} cores of ${cpu}${pinned ? '; server on core 0, load on core 1' : ''}. ${software
    .filter((name) => name !== undefined)
    .join(', ')}. Load average ${loadAverage} before, ${loadAverageAfter} after.`;
  const missing = leftOut.length === 0 ? '' : `\n\nLeft out, since not installed: ${leftOut.join('; ')}.`;
  const parts = sections.map((section) => `### ${section.title}\n\n${VIEWS[section.view](section)}`);
  return [facts + missing, ...parts].join('\n\n');
}
