const FASTEST_GROWTH = 8;
const SLOWEST_GROWTH = 1.5;

/**
 * Runs a work with more and more until one run takes as long as told, and then once with what takes `seconds`: whoever is
 * measured is measured for the same time.
 *
 * @param run - `(amount) => { rate }`, its amounts a second
 * @param first - the amount to begin with
 * @returns what the last run gave
 */
export async function warmedUp(run, first, { warmUpSeconds, seconds }) {
  for (let amount = first; ;) {
    const { rate } = await run(amount);
    const took = amount / rate;
    if (took >= warmUpSeconds) return run(Math.ceil(rate * seconds));
    const growth = Math.min(FASTEST_GROWTH, Math.max(SLOWEST_GROWTH, (1.1 * warmUpSeconds) / took));
    amount = Math.ceil(amount * growth);
  }
}
