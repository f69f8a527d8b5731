import { ratio, spread, table, verdict } from '../lib/report.mjs';

const names = (of) => (of.length > 1 ? `the best of ${of.join(', ')}` : of[0]);

/** What is wanted, as the head of a column. */
function wish({ figure, atLeast, atMost, of }, figures) {
  const limit = atLeast === undefined ? `≤ ${atMost.toLocaleString('en')}` : `≥ ${atLeast}`;
  const what = Object.keys(figures).length > 1 ? `${figures[figure]}: ` : '';
  return `wanted ${what}${limit}${of.length === 0 ? '' : ` × ${names(of)}`}`;
}

/** What became of it. Where it is about a figure of its own, that has a column already. */
function outcome({ of, reached, holds }) {
  if (reached === undefined) return 'not measured';
  return of.length === 0 ? verdict(holds) : `${ratio(reached)} ${verdict(holds)}`;
}

/** A work: each peer a row, with its figures, its ratio to plain sockets, and what is wanted of ours. */
export function work({ figures, reference, wanted, rows }) {
  const columns = Object.keys(figures);
  const heads = [
    'peer',
    ...Object.values(figures),
    ...(reference === undefined ? [] : [`${reference.figure}: ratio to ${reference.of}`]),
    ...wanted.map((one) => wish(one, figures)),
  ];
  const cells = rows.map(({ name, failed, figures: own, toReference, outcomes }) => [
    name,
    ...columns.map((column, i) => {
      if (failed === undefined) return spread(own[column]);
      return i === 0 ? `**failed**: ${failed}` : '';
    }),
    ...(reference === undefined ? [] : [toReference === undefined ? '' : ratio(toReference)]),
    ...wanted.map((_, i) => (outcomes === undefined ? '' : outcome(outcomes[i]))),
  ]);
  return table(heads, cells);
}
