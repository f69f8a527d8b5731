import { inTurns } from './rounds.mjs';
import { summary } from './statistics.mjs';

/**
 * Measures subjects against each other. Every generation starts each subject anew, since two processes of one program
 * can differ for as long as they live, and warms it up; then rounds go through all of them.
 *
 * @param subjects - `{ name, against, start() }`; `against` names the subject it is compared with
 * @param measure - `(running, seconds) => { cpuMicros, rate }`, of one operation and of one second; `warmUpSeconds` do not count
 * @returns for each subject the summary of both, and of each round's ratio, in which more than 1 is better than `against`
 */
export async function compare({ subjects, generations, rounds, seconds, warmUpSeconds, measure, progress }) {
  const measured = new Map(subjects.map(({ name }) => [name, []]));
  for (let generation = 1; generation <= generations; generation++) {
    const running = [];
    for (const subject of subjects) running.push(await subject.start());
    if (warmUpSeconds > 0) for (const subject of running) await measure(subject, warmUpSeconds);
    const ofGeneration = await inTurns({
      subjects: running,
      rounds,
      measure: (subject) => measure(subject, seconds),
      progress: (round) => progress(`generation ${generation}/${generations}, round ${round}/${rounds}`),
    });
    ofGeneration.forEach((measurements, i) => measured.get(subjects[i].name).push(...measurements));
    for (const subject of running) await subject.stop();
  }
  return subjects.map(({ name, against }) => {
    const own = measured.get(name);
    const other = measured.get(against);
    return {
      name,
      cpuMicros: summary(own.map(({ cpuMicros }) => cpuMicros)),
      rate: summary(own.map(({ rate }) => rate)),
      ...(other !== undefined && {
        against,
        cpuRatio: summary(own.map(({ cpuMicros }, i) => other[i].cpuMicros / cpuMicros)),
        rateRatio: summary(own.map(({ rate }, i) => rate / other[i].rate)),
      }),
    };
  });
}
