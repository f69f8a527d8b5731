/**
 * Measures every subject once a round, each round beginning with another one, so that what drifts on a machine drifts for all.
 *
 * @param measure - `(subject) => measurement`
 * @param progress - called after each round with its number, the first is 1
 * @returns for each subject, in their order, its measurements by round
 */
export async function inTurns({ subjects, rounds, measure, progress }) {
  const measured = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const at = (i + round) % subjects.length;
      measured[at].push(await measure(subjects[at]));
    }
    progress(round + 1);
  }
  return measured;
}
