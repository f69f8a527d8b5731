import type { ReceiveBudget } from './receive-budget.js';

/** What the windows of one session have in common. */
export interface WindowRules {
  /** Bytes that a new stream's peer may send before any credit, by the protocol. */
  readonly grantedBytes: number;
  /** The window of a new stream, and of one that has been idle; what it has beyond `grantedBytes` is granted first of all. */
  readonly initialBytes: number;
  /** What a peer can be relied on to make use of: one that goes by its own settings takes no more, whatever it is granted. */
  readonly usableBytes: number;
  /** The largest that one window grows to. */
  readonly maxBytes: number;
  /** The largest that one has grown to so far, 0 for none: what the link was seen to carry. */
  reachedBytes: number;
  /** The round trip in milliseconds, as well as it is known. */
  rttMs(): number;
  /** The time in milliseconds. */
  now(): number;
  /** A window has grown: from now on it is to {@link ReceiveWindow.rest} once a second. */
  onGrown(): void;
  /** Budgets that growth is charged to: the session's and the process's. */
  readonly budgets: readonly ReceiveBudget[];
}

// A window is kept for as long as data comes; after so many round trips without half a window read, it was for nothing.
const IDLE_ROUND_TRIPS = 16;
// The same of one of which, from look to look, a second each, not even half of the first window is read.
const IDLE_LOOKS = 5;
// A window that grows by more than twice its size takes so much at most of what is left to grow: the streams beside it want to grow too.
const PARTS_OF_WHAT_IS_LEFT = 8;
const GRANTS_PER_GROWN_WINDOW = 8;

// By halves, what was read last and is less than a half waits a round trip for its grant: on a long link that is up to half of
// what it could carry. Of a small window a smaller part would be a frame for every few.
function grantOf(sizeBytes: number, { initialBytes, usableBytes }: WindowRules): number {
  return Math.min(Math.max(initialBytes / 2, sizeBytes / GRANTS_PER_GROWN_WINDOW), usableBytes / 2);
}

/**
 * The receiving side's credit of one stream: pure arithmetic. Bytes are counted when a header announces them, credit is given
 * back for what was consumed: half of the first window at a time, or an eighth of one that has grown, where that is more.
 *
 * It grows by the rule of quic-go (`internal/flowcontrol/base_flow_controller.go`): more than half of the window read in less
 * than `4 x (part of the window read) x round trip` doubles it. Streams of a session share a link: a window that is to grow goes to what
 * another has grown to before, and need not take a round trip for each doubling.
 */
export class ReceiveWindow {
  /** Bytes the peer may have outstanding when everything is consumed. */
  sizeBytes: number;
  /** Bytes the peer may still send. */
  creditBytes: number;
  /** Bytes announced and not consumed yet. */
  heldBytes = 0;
  /** Those of them that have arrived. */
  arrivedBytes = 0;
  /** The same for the holder that remembers them when the stream is gone; absent before it is over. */
  left: { bytes: number } | undefined;
  /** Bytes consumed and not granted again yet. */
  owedBytes = 0;
  /** Bytes consumed in all. */
  consumedBytes = 0;
  readonly #rules: WindowRules;
  #grantBytes: number;
  #epochStart = 0;
  #epochBytes = 0;
  #seenBytes = 0;
  #idleLooks = 0;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.sizeBytes = rules.initialBytes;
    this.creditBytes = rules.grantedBytes;
    this.#grantBytes = grantOf(this.sizeBytes, rules);
  }

  /** Counts bytes announced by a header; false when they are more than the peer may send, and then nothing is counted. */
  announce(bytes: number): boolean {
    if (bytes > this.creditBytes) return false;
    this.creditBytes -= bytes;
    this.heldBytes += bytes;
    return true;
  }

  /** Counts bytes as consumed; true when it is time to {@link ReceiveWindow.grant}. */
  consume(bytes: number): boolean {
    this.heldBytes -= bytes;
    this.owedBytes += bytes;
    this.consumedBytes += bytes;
    return this.owedBytes >= this.#grantBytes;
  }

  /** The credit to give now, which counts as given; may be 0 while a window shrinks. */
  grant(): number {
    this.#epochBytes += this.owedBytes;
    this.#tune();
    // What the peer may send already, and what waits to be consumed, is part of the window: none of it is taken back.
    const increment = Math.max(0, this.sizeBytes - this.creditBytes - this.heldBytes);
    this.owedBytes = 0;
    this.creditBytes += increment;
    return increment;
  }

  /** True when the peer may be granted more than was ever consumed: a window larger than the protocol's. */
  get isLarger(): boolean {
    return this.creditBytes + this.heldBytes + this.owedBytes < this.sizeBytes;
  }

  /** True while the window is larger than it began. */
  get hasGrown(): boolean {
    return this.sizeBytes > this.#rules.initialBytes;
  }

  /** A look, once a second: growth that was of no use for some seconds is given back. True while there is any. */
  rest(): boolean {
    const { initialBytes } = this.#rules;
    if (!this.hasGrown) return false;
    const isIdle = this.consumedBytes - this.#seenBytes < initialBytes / 2;
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0;
    this.#seenBytes = this.consumedBytes;
    // A time with few bytes does not mean a slow reader: the next read is timed anew.
    if (isIdle) this.#epochStart = this.#epochBytes = 0;
    if (this.#idleLooks >= IDLE_LOOKS) this.#resize(initialBytes);
    return this.hasGrown;
  }

  /** Gives back what was charged: the stream is over. */
  release(): void {
    if (this.hasGrown) this.#resize(this.#rules.initialBytes);
  }

  #tune(): void {
    const rules = this.#rules;
    if (this.#epochBytes * 2 < this.sizeBytes) return;
    const time = rules.now();
    const roundTrip = rules.rttMs();
    const elapsed = time - this.#epochStart;
    const part = this.#epochBytes / this.sizeBytes;
    if (this.#epochStart > 0) {
      if (elapsed < 4 * part * roundTrip) this.#grow();
      else if (elapsed > IDLE_ROUND_TRIPS * roundTrip) this.#resize(rules.initialBytes);
    }
    this.#epochStart = time;
    this.#epochBytes = 0;
  }

  #grow(): void {
    const rules = this.#rules;
    const roomBytes = this.#roomBytes;
    const doubledBytes = Math.min(this.sizeBytes * 2, rules.maxBytes);
    const sharedBytes = this.sizeBytes + Math.floor(roomBytes / PARTS_OF_WHAT_IS_LEFT);
    const sizeBytes = Math.max(doubledBytes, Math.min(rules.reachedBytes, sharedBytes));
    if (sizeBytes - this.sizeBytes <= roomBytes) this.#resize(sizeBytes);
    rules.reachedBytes = Math.max(rules.reachedBytes, this.sizeBytes);
  }

  // Half of a budget at most: the rest is for what has come, and a full budget refuses new streams.
  get #roomBytes(): number {
    return Math.min(...this.#rules.budgets.map((budget) => budget.maxBytes / 2 - budget.usedBytes));
  }

  #resize(sizeBytes: number): void {
    const more = sizeBytes - this.sizeBytes;
    for (const budget of this.#rules.budgets) budget.usedBytes += more;
    this.sizeBytes = sizeBytes;
    this.#grantBytes = grantOf(sizeBytes, this.#rules);
    if (more > 0) this.#rules.onGrown();
  }
}
