import { largestHolder, type Holder } from '../bytes/largest-holder.js';

/** Memory that windows share: growth past the initial window is taken from here, and so are unread bytes. */
export interface ReceiveBudget {
  /** The bound in bytes, 1 or more. */
  readonly maxBytes: number;
  /** Bytes in use now. */
  usedBytes: number;
}

/** A session that holds bytes of a shared budget. */
export interface SessionHolder extends Holder {
  /** Gives up the bytes of its newest stream that has any; false when there is none. */
  shed(): boolean;
}

// A session that holds less never has to give up streams, so the budget need not know it.
const LEAST_BYTES = 65_536;
// Once the budget is full, this share is freed, which is more than the next few bytes.
const ROOM_SHARE = 1 / 16;

/**
 * The budget of sessions that share it. When it is full, the session that holds the most is read no further, and gives up its newest
 * streams when another needs the room.
 */
export class SharedReceiveBudget implements ReceiveBudget {
  readonly maxBytes: number;
  usedBytes = 0;
  readonly #holders = new Set<SessionHolder>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.maxBytes;
  }

  /** Bytes arrived for a session. */
  take(bytes: number, holder: SessionHolder): void {
    this.usedBytes += bytes;
    if (holder.heldBytes >= LEAST_BYTES) this.#holders.add(holder);
  }

  /** Makes room for a session if there is none; false when it holds the most itself and has to wait. */
  makeRoom(holder: SessionHolder): boolean {
    if (this.usedBytes <= this.maxBytes) return true;
    const most = this.maxBytes * (1 - ROOM_SHARE);
    while (this.usedBytes > most) {
      const largest = largestHolder(this.#holders);
      if (largest === undefined || largest === holder) return false;
      if (!largest.shed()) this.#holders.delete(largest);
    }
    return true;
  }

  /** Forgets a session that is over. */
  forget(holder: SessionHolder): void {
    this.#holders.delete(holder);
  }
}
