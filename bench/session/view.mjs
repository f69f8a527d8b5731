import { ratio, spread, table, verdict } from '../lib/report.mjs';

const names = (of) => (of.length > 1 ? `the best of ${of.join(', ')}` : of[0]);

/** What is wanted, in words. */
function wish({ figure, atLeast, atMost, of }, figures) {
  const limit = atLeast === undefined ? `≤ ${atMost.toLocaleString('en')}` : `≥ ${atLeast}`;
  const what = Object.keys(figures).length > 1 ? `${figures[figure]}: ` : '';
  return `${what}${limit}${of.length === 0 ? '' : ` × ${names(of)}`}`;
}

/** What became of it. Where it is about a figure of its own, that has a column already. */
function outcome({ of, reached, holds }) {
  if (reached === undefined) return 'not measured';
  return of.length === 0 ? verdict(holds) : `${ratio(reached)} ${verdict(holds)}`;
}

/** A work: each peer a row, with its figures, its ratio to the reference, and what is wanted of ours. */
function show({ figures, reference, wanted, rows }) {
  const columns = Object.keys(figures);
  const heads = [
    'peer',
    ...Object.values(figures),
    ...(reference === undefined ? [] : [`${reference.figure}: ratio to ${reference.of}`]),
    ...wanted.map((one) => `wanted ${wish(one, figures)}`),
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

export const work = {
  show,
  outcomes: ({ figures, rows }) =>
    rows.flatMap(({ name, failed, isOurs, outcomes = [] }) =>
      isOurs && failed !== undefined
        ? [{ who: name, wanted: 'an end', reached: failed, holds: false }]
        : outcomes
            .filter(({ reached }) => reached !== undefined)
            .map((one) => ({
              who: name,
              wanted: wish(one, figures),
              reached: (one.of.length === 0 ? spread : ratio)(one.reached),
              holds: one.holds,
            })),
    ),
};
