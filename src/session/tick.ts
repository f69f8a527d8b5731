const LONGEST_MS = 1000;
const TICKS_IN_A_LIMIT = 4;

/**
 * The time between two ticks in milliseconds: a second, or a quarter of the shortest limit where that is less. A limit that is
 * counted in ticks is then overrun by a quarter of itself at most, however short it is.
 */
export function tickMs(...limitsMs: readonly number[]): number {
  return Math.min(LONGEST_MS, ...limitsMs.map((limitMs) => Math.ceil(limitMs / TICKS_IN_A_LIMIT)));
}
