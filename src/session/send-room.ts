import type { SharedSendBudget, WaitingForRoom } from '../flow/send-budget.js';

// A session that holds less than this is not held back for what others hold.
const SMALL_SESSION_BYTES = 262_144;
// A writer that does not wait, where a budget is full, may have this much waiting.
const LEAST_BYTES = 4096;

/** What the streams of a session may have waiting to be sent: a part of its own budget and of one that sessions share. */
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

  /** What one stream may have waiting before its writers are asked to wait; 0 when there is no room for more. */
  get shareBytes(): number {
    const { shareBytes } = this.#own;
    return this.#isSmall ? shareBytes : Math.min(shareBytes, this.#shared.shareBytes);
  }

  /** What one stream may have waiting of a writer that does not wait: as much as `limitBytes`, unless a budget is full. */
  limit(limitBytes: number): number {
    const isFull = this.#isFull(this.#own) || (!this.#isSmall && this.#isFull(this.#shared));
    return isFull ? Math.min(limitBytes, LEAST_BYTES) : limitBytes;
  }

  /** A stream holds so many bytes more, or with a minus fewer. */
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
