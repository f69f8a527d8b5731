const FASTEST_GROWTH = 8;
const SLOWEST_GROWTH = 1.5;

/**
 * Runs a work with more and more until one run takes as long as told.
 *
 * @param run - `(amount) => { rate }`, its amounts a second
 * @param first - the amount to begin with
 * @returns the rate of the last run
 */
export async function rateWhenWarm(run, { first, seconds }) {
  for (let amount = first; ;) {
    const { rate } = await run(amount);
    const took = amount / rate;
    if (took >= seconds) return rate;
    const growth = Math.min(FASTEST_GROWTH, Math.max(SLOWEST_GROWTH, (1.1 * seconds) / took));
    amount = Math.ceil(amount * growth);
  }
}
