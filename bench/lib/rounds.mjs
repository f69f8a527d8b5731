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

/**
 * The same in several generations. Each starts every subject anew, since two processes of one program can differ for as long as
 * they live, and warms all of them up; its rounds then follow each other closely.
 *
 * @param start - `(subject) => running`, which has a `stop()`
 * @param warmUp - `(running) => void`
 * @param measure - `(running) => measurement`
 * @returns for each subject, in their order, its measurements by round of all generations
 */
export async function inGenerations({ subjects, generations, rounds, start, warmUp, measure, progress }) {
  const measured = subjects.map(() => []);
  for (let generation = 1; generation <= generations; generation++) {
    const running = [];
    try {
      for (const subject of subjects) {
        const one = await start(subject);
        running.push(one);
        // Before the next is started: V8 gives memory back in a process that does nothing for 8 s, and one that was to carry bulk
        // after that, not having done so before, was slowed to a third by garbage collection.
        await warmUp(one);
      }
      const ofGeneration = await inTurns({
        subjects: running,
        rounds,
        measure,
        progress: (round) => progress(`generation ${generation}/${generations}, round ${round}/${rounds}`),
      });
      ofGeneration.forEach((measurements, i) => measured[i].push(...measurements));
    } finally {
      for (const one of running) await one.stop();
    }
  }
  return measured;
}
