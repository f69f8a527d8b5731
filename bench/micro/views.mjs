import { ratio, spread, table, verdict } from '../lib/report.mjs';

const one = ({ min, max, median }) => (min === max ? median.toLocaleString('en') : undefined);

/** One figure a row, beside that of `reference`; what is wanted is of the figure itself. */
export const figures = {
  show({ unit, reference, rows }) {
    const heads = ['', unit, `ratio to ${reference}`, 'wanted'];
    const cells = rows.map(({ name, figure, toReference, atMost, holds }) => [
      name,
      one(figure) ?? spread(figure),
      toReference === undefined ? '' : (one(toReference) ?? ratio(toReference)),
      atMost === undefined ? '' : `≤ ${atMost.toLocaleString('en')}: ${verdict(holds)}`,
    ]);
    return table(heads, cells);
  },
  outcomes: ({ unit, rows }) =>
    rows
      .filter(({ atMost }) => atMost !== undefined)
      .map(({ name, figure, atMost, holds }) => ({
        who: name,
        wanted: `≤ ${atMost.toLocaleString('en')} ${unit}`,
        reached: one(figure) ?? spread(figure),
        holds,
      })),
};
