import type { SharedSendBudget, WaitingForRoom } from '../flow/send-budget.js';

// A session that holds less than this does not wait because of others.
const SMALL_SESSION_BYTES = 262_144;
// A writer that does not wait may have this much unsent while a budget is full.
const LEAST_BYTES = 4096;

/** The unsent bytes that streams of a session may have: a part of its own budget and of one that sessions share. */
export class SendRoom {
  readonly #own: SharedSendBudget;
  readonly #shared: SharedSendBudget;

  constructor(own: SharedSendBudget, shared: SharedSendBudget) {
    this.#own = own;
    this.#shared = shared;
  }

  /** Memory that unsent bytes of this session take. */
  get usedBytes(): number {
    return this.#own.usedBytes;
  }

  /** Bytes that one stream may have unsent before its writers are asked to wait; 0 without room for more. */
  get shareBytes(): number {
    const { shareBytes } = this.#own;
    return this.#isSmall ? shareBytes : Math.min(shareBytes, this.#shared.shareBytes);
  }

  /** Bytes that one stream may have unsent from a writer that does not wait: `limitBytes`, unless a budget is full. */
  limit(limitBytes: number): number {
    const isFull = this.#isFull(this.#own) || (!this.#isSmall && this.#isFull(this.#shared));
    return isFull ? Math.min(limitBytes, LEAST_BYTES) : limitBytes;
  }

  /** Adds to the bytes that a stream holds; a negative number takes away. */
  change(bytes: number): void {
    this.#own.change(bytes);
    this.#shared.change(bytes);
  }

  /** Calls a stream back once there may be room for it. */
  await(stream: WaitingForRoom): void {
    const isShared = !this.#isSmall && this.#shared.shareBytes < this.#own.shareBytes;
    (isShared ? this.#shared : this.#own).await(stream);
  }

  /** Forgets a stream that is over. */
  forget(stream: WaitingForRoom): void {
    this.#own.forget(stream);
    this.#shared.forget(stream);
  }

  get #isSmall(): boolean {
    return this.#own.usedBytes < SMALL_SESSION_BYTES;
  }

  #isFull({ usedBytes, maxBytes }: SharedSendBudget): boolean {
    return usedBytes > maxBytes;
  }
}
