import { summary } from './statistics.mjs';

/**
 * Rows of one figure each, beside that of the first subject that is named `reference`.
 *
 * @param subjects - `{ name, atMost }`; `atMost` is what is wanted of the median
 * @param measured - the values of each subject, by round
 */
export function figuresOf({ unit, reference, subjects, measured }) {
  const compared = measured[subjects.findIndex(({ name }) => name === reference)];
  const rows = subjects.map(({ name, atMost }, i) => {
    const figure = summary(measured[i]);
    return {
      name,
      figure,
      ...(name !== reference && { toReference: summary(measured[i].map((value, round) => value / compared[round])) }),
      ...(atMost !== undefined && { atMost, holds: figure.median <= atMost }),
    };
  });
  return { unit, reference, rows };
}
