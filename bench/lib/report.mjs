/** A number with as many digits as it is good for. */
function digits(value) {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : 2);
}

/** A summary: the median, how far the values lie apart, and from the median. */
export const spread = ({ median, min, max, mad }, show = digits) =>
  `${show(median)} (${show(min)}–${show(max)}, MAD ${show(mad)})`;
/** The same of ratios. */
export const ratio = (value) => spread(value, (number) => number.toFixed(3));
export const verdict = (holds) => (holds ? 'held' : '**missed**');

export function table(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The results of a suite as Markdown; `views` has how a section is shown, by its `view`. */
export function markdown({ date, quick, machine, software, leftOut, loadAverageAfter, sections }, views) {
  const { cpu, cores, node, system, pinned, loadAverage } = machine;
  const all = [`Node.js ${node}`, system, ...software].join(', ');
  const facts = `${date}${quick ? ', a quick run' : ''}. ${cores} cores of ${cpu}${pinned ? '; server on core 0, load on core 1' : ''}. ${all}. Load average ${loadAverage} before, ${loadAverageAfter} after.`;
  const missing = leftOut.length === 0 ? '' : `\n\nLeft out, since not installed: ${leftOut.join('; ')}.`;
  const parts = sections.map((section) => `### ${section.title}\n\n${views[section.view].show(section)}`);
  return [facts + missing, ...parts].join('\n\n');
}

/** What was wanted of all suites and what was reached; `viewsOf` has the views of each. */
export function summaryOf(suites, viewsOf) {
  const outcomes = suites.flatMap(({ suite, sections }) =>
    sections.flatMap((section) =>
      viewsOf[suite][section.view].outcomes(section).map((outcome) => ({ title: section.title, ...outcome })),
    ),
  );
  const rows = outcomes.map(({ title, who, wanted, reached, holds }) => [title, who, wanted, reached, verdict(holds)]);
  const held = outcomes.filter(({ holds }) => holds).length;
  const heads = ['work', 'who', 'wanted', 'reached', ''];
  return `${held} of ${outcomes.length} held.\n\n${table(heads, rows)}`;
}
