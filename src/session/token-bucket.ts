/** How often something may happen: `burst` times at once, then `perSecond` times a second. */
export interface Rate {
  /** Times in a row, 1 or more. */
  readonly burst: number;
  /** Times a second in the long run, 0 or more; whole numbers or not. */
  readonly perSecond: number;
}

/** Counts what a peer makes us do. The time is looked at only when the tokens are spent. */
export class TokenBucket {
  readonly rate: Rate;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  constructor(rate: Rate, now: () => number) {
    this.rate = rate;
    this.#now = now;
    this.#tokens = rate.burst;
    this.#filledAt = now();
  }

  /** Counts one; false when it was one too many. */
  take(): boolean {
    if (this.#tokens < 1) this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(): void {
    const now = this.#now();
    // A clock set back gives nothing.
    const earned = (Math.max(0, now - this.#filledAt) / 1000) * this.rate.perSecond;
    this.#tokens = Math.min(this.rate.burst, this.#tokens + earned);
    this.#filledAt = now;
  }
}
