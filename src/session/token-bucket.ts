/** How often something may happen: `burst` times at once, then `perSecond` times a second. */
export interface Rate {
  /** Times in a row, 1 or more. */
  readonly burst: number;
  /** Times a second in the long run, 0 or more; whole numbers or not. */
  readonly perSecond: number;
}

// The time is looked at once for a share of the burst: a bucket may give so much more than it should.
const SHARES = 16;

/** Counts what a peer makes us do. */
export class TokenBucket {
  readonly rate: Rate;
  readonly #now: () => number;
  #tokens: number;
  #inHand = 0;
  #filledAt: number;

  constructor(rate: Rate, now: () => number) {
    this.rate = rate;
    this.#now = now;
    this.#tokens = rate.burst;
    this.#filledAt = now();
  }

  /** Counts one, or its weight; false if that is too much. */
  take(worth = 1): boolean {
    if (this.#inHand < worth) this.#fill();
    if (this.#inHand < worth) return false;
    this.#inHand -= worth;
    return true;
  }

  /** Gives one back, up to the burst. */
  refund(): void {
    this.#tokens = Math.min(this.#tokens + 1, this.rate.burst - this.#inHand);
  }

  #fill(): void {
    const { burst, perSecond } = this.rate;
    const now = this.#now();
    // A clock set back gives nothing.
    const earned = (Math.max(0, now - this.#filledAt) / 1000) * perSecond;
    const tokens = Math.min(burst, this.#tokens + earned);
    const share = Math.min(tokens, Math.max(1, burst / SHARES));
    this.#tokens = tokens - share;
    this.#inHand += share;
    this.#filledAt = now;
  }
}
