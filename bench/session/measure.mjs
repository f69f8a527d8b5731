import { inTurns } from '../lib/rounds.mjs';
import { summary } from '../lib/statistics.mjs';

const CHECKED_CHUNKS = 40;

/** Measures one peer once, in processes that nobody used before. Gives `{ failed }` with a reason where it dies of it. */
async function measureOnce(peer, { options = {}, measure }, times) {
  let pair;
  try {
    pair = await peer.start(options);
    if (options.how === undefined) await pair.run('check', CHECKED_CHUNKS);
    return await measure(pair, times);
  } catch (error) {
    return { failed: error.message };
  } finally {
    await pair?.stop();
  }
}

const figureOf = (measurements, figure) => measurements.map((measured) => measured[figure]);

/** The best of each round among peers that were measured. */
function bestOf(others, { figure, atLeast }) {
  const best = atLeast === undefined ? Math.min : Math.max;
  return others[0].map((_, round) => best(...others.map((measurements) => measurements[round][figure])));
}

/** What is wanted of a peer, and whether it holds: in ratios of each round, both sides measured within seconds. */
function judge(wish, own, measuredOf) {
  const { figure, atLeast, atMost, of } = wish;
  const others = of.map(measuredOf).filter((measurements) => measurements !== undefined);
  if (of.length > 0 && others.length === 0) return { ...wish, reached: undefined };
  const values = figureOf(own, figure);
  const best = others.length > 0 ? bestOf(others, wish) : undefined;
  const reached = summary(best === undefined ? values : values.map((value, round) => value / best[round]));
  return { ...wish, reached, holds: atLeast === undefined ? reached.median <= atMost : reached.median >= atLeast };
}

/** Measures a work with all that take part in it; see `WORKS`. */
export async function measureWork(work, { peers, rounds, times, progress }) {
  const { figures, reference, wanted, takesPart } = work;
  const subjects = peers.filter(takesPart);
  const failures = new Map();
  const measured = await inTurns({
    subjects,
    rounds,
    measure: async (peer) => {
      if (failures.has(peer)) return undefined;
      const measurement = await measureOnce(peer, work, times);
      if (measurement.failed !== undefined) failures.set(peer, measurement.failed);
      return measurement;
    },
    progress: (round) => progress(`round ${round}/${rounds}`),
  });
  const measuredOf = (name) => measured.find((_, i) => subjects[i].name === name && !failures.has(subjects[i]));
  const rows = subjects.map((peer, i) => {
    const { name, isOurs } = peer;
    if (failures.has(peer)) return { name, isOurs, failed: failures.get(peer) };
    const own = measured[i];
    const compared = reference === undefined || name === reference.of ? undefined : measuredOf(reference.of);
    return {
      name,
      isOurs,
      figures: Object.fromEntries(Object.keys(figures).map((figure) => [figure, summary(figureOf(own, figure))])),
      ...(compared !== undefined && {
        toReference: summary(own.map((one, round) => one[reference.figure] / compared[round][reference.figure])),
      }),
      ...(isOurs && { outcomes: wanted.map((wish) => judge(wish, own, measuredOf)) }),
    };
  });
  return {
    figures,
    ...(reference !== undefined && { reference: { figure: figures[reference.figure], of: reference.of } }),
    wanted,
    rows,
  };
}
