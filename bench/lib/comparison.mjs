import { inGenerations } from './rounds.mjs';
import { summary } from './statistics.mjs';

/**
 * Measures subjects against each other, in generations.
 *
 * @param subjects - `{ name, against, start() }`; `against` names the subject it is compared with
 * @param measure - `(running, seconds) => { cpuMicros, rate }`, of one operation and of one second; `warmUpSeconds` do not count
 * @returns for each subject the summary of both, and of each round's ratio, in which more than 1 is better than `against`
 */
export async function compare({ subjects, seconds, warmUpSeconds, measure, ...size }) {
  const measured = await inGenerations({
    ...size,
    subjects,
    start: (subject) => subject.start(),
    warmUp: (running) => warmUpSeconds > 0 && measure(running, warmUpSeconds),
    measure: (running) => measure(running, seconds),
  });
  return subjects.map(({ name, against }, i) => {
    const own = measured[i];
    const other = measured[subjects.findIndex((subject) => subject.name === against)];
    return {
      name,
      cpuMicros: summary(own.map(({ cpuMicros }) => cpuMicros)),
      rate: summary(own.map(({ rate }) => rate)),
      ...(other !== undefined && {
        against,
        cpuRatio: summary(own.map(({ cpuMicros }, round) => other[round].cpuMicros / cpuMicros)),
        rateRatio: summary(own.map(({ rate }, round) => rate / other[round].rate)),
      }),
    };
  });
}
