import { asapScheduler } from 'rxjs';

/** Memory for unsent bytes; see `sendBudget`. */
export interface SendBudget {
  /** The bound in bytes, 1 or more. */
  readonly maxBytes: number;
  /** Bytes in use now. */
  readonly usedBytes: number;
}

/** A stream whose writers wait. */
export interface WaitingForRoom {
  /** There may be room: goes on, or waits again. */
  onRoom(): void;
}

// One stream may have an eighth of the free budget. So any number of streams whose peers take nothing leave room for the next one
// (dynamic thresholds, Choudhury and Hahne, 1998).
const PARTS_OF_WHAT_IS_LEFT = 8;

/** The send budget of a session, or one that sessions share. */
export class SharedSendBudget implements SendBudget {
  readonly maxBytes: number;
  usedBytes = 0;
  #waiting = new Set<WaitingForRoom>();
  #isScheduled = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that one stream may have unsent before its writers are asked to wait. */
  get shareBytes(): number {
    return Math.max(0, (this.maxBytes - this.usedBytes) / PARTS_OF_WHAT_IS_LEFT);
  }

  /** Adds to the bytes in use; a negative number takes away. */
  change(bytes: number): void {
    this.usedBytes += bytes;
    if (bytes > 0 || this.#waiting.size === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    asapScheduler.schedule(this.#look);
  }

  /** Calls a stream back once there is room. */
  await(stream: WaitingForRoom): void {
    this.#waiting.add(stream);
  }

  /** Forgets a stream that is over. */
  forget(stream: WaitingForRoom): void {
    this.#waiting.delete(stream);
  }

  // In order of arrival, for as long as there is room.
  readonly #look = (): void => {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const stream of waiting) {
      if (this.usedBytes < this.maxBytes) stream.onRoom();
      else this.#waiting.add(stream);
    }
  };
}
