import { inGenerations, inTurns } from '../lib/rounds.mjs';
import { summary } from '../lib/statistics.mjs';

const CHECKED_CHUNKS = 40;

/** A peer in processes that nobody used before. What it dies of is told in `failures`, and nothing more is asked of it. */
class Running {
  #peer;
  #work;
  #failures;
  #pair;
  #warmth;

  static async start(peer, work, failures) {
    const running = new Running();
    running.#peer = peer;
    running.#work = work;
    running.#failures = failures;
    await running.#unlessFailed(async () => {
      const { options = {} } = work;
      running.#pair = await peer.start(options);
      if (options.how === undefined) await running.#pair.run('check', CHECKED_CHUNKS);
    });
    return running;
  }

  warmUp(times) {
    return this.#unlessFailed(async () => (this.#warmth = await this.#work.warmUp(this.#pair, times)));
  }

  measure(times) {
    return this.#unlessFailed(() => this.#work.measure(this.#pair, { ...times, warmth: this.#warmth }));
  }

  async stop() {
    await this.#pair?.stop();
  }

  async #unlessFailed(act) {
    if (this.#failures.has(this.#peer)) return undefined;
    try {
      return await act();
    } catch (error) {
      this.#failures.set(this.#peer, error.message);
      return undefined;
    }
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

/** A work that leaves traces in its processes has others for each measurement. */
const onceInProcess = (work, failures, { times, subjects, generations, rounds: ofGeneration, progress }) => {
  const rounds = work.isUnsteady ? generations * ofGeneration : ofGeneration;
  return inTurns({
    subjects,
    rounds,
    measure: async (peer) => {
      const running = await Running.start(peer, work, failures);
      const measurement = await running.measure(times);
      await running.stop();
      return measurement;
    },
    progress: (round) => progress(`round ${round}/${rounds}`),
  });
};

const againAndAgain = (work, failures, { times, ...size }) =>
  inGenerations({
    ...size,
    start: (peer) => Running.start(peer, work, failures),
    warmUp: (running) => running.warmUp(times),
    measure: (running) => running.measure(times),
  });

/** Measures a work with all that take part in it; see `WORKS`. */
export async function measureWork(work, { peers, ...size }) {
  const { figures, reference, wanted, takesPart, warmUp } = work;
  const subjects = peers.filter(takesPart);
  const failures = new Map();
  const measured = await (warmUp === undefined ? onceInProcess : againAndAgain)(work, failures, { subjects, ...size });
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
