import type { ReceiveBudget, SessionHolder, SharedReceiveBudget } from '../flow/receive-budget.js';
import type { ReceiveWindow } from '../flow/window.js';

/** The session whose bytes are counted. */
export interface ReceiveRoomOwner {
  /** True once none of its bytes count any more. */
  isOver(): boolean;
  /** Reading has to wait, or not any more. */
  onHold(isHeld: boolean): void;
  /** There may be room for a stream. */
  onRoom(): void;
  /** Ends the newest stream with unread bytes; false if there is none. */
  shed(): boolean;
}

/** Counts the unread bytes of a session against its own budget and one that sessions share. */
export class ReceiveRoom implements SessionHolder {
  /** Unread bytes and grown windows of this session. */
  readonly own: ReceiveBudget;
  /** True while reading waits. */
  isHeld = false;
  readonly shared: SharedReceiveBudget;
  readonly #smallBytes: number;
  readonly #owner: ReceiveRoomOwner;
  #unreadBytes = 0;

  /** @param smallBytes - a session that holds no more is refused nothing because of others */
  constructor(maxBytes: number, shared: SharedReceiveBudget, smallBytes: number, owner: ReceiveRoomOwner) {
    this.own = { maxBytes, usedBytes: 0 };
    this.shared = shared;
    this.#smallBytes = smallBytes;
    this.#owner = owner;
  }

  get heldBytes(): number {
    return this.own.usedBytes;
  }

  /** True while there is no room for one more stream. */
  get isFull(): boolean {
    const { own } = this;
    return own.usedBytes >= own.maxBytes || (this.shared.isFull && own.usedBytes > this.#smallBytes);
  }

  /** Bytes arrived for a reader. */
  arrived(window: ReceiveWindow, bytes: number): void {
    window.arrivedBytes += bytes;
    this.#unreadBytes += bytes;
    this.own.usedBytes += bytes;
    this.shared.take(bytes, this);
  }

  /**
   * Readers have had their chance to take the bytes that arrived. Granted windows cannot be taken back: bytes that fill them past a budget
   * stay in the connection.
   */
  onOffered(): void {
    if (this.#unreadBytes === 0) return;
    const hasRoom = this.#unreadBytes < this.own.maxBytes && this.shared.makeRoom(this);
    if (hasRoom || this.isHeld || this.#owner.isOver()) return;
    this.isHeld = true;
    this.#owner.onHold(true);
  }

  /** Bytes were read, or will never be. */
  released(window: ReceiveWindow, bytes: number): void {
    window.arrivedBytes -= bytes;
    if (window.left !== undefined) window.left.bytes = window.arrivedBytes;
    this.giveBack(bytes);
  }

  /** Bytes of a stream that is over no longer count. */
  giveBack(bytes: number): void {
    this.own.usedBytes -= bytes;
    this.#unreadBytes -= bytes;
    this.shared.usedBytes -= bytes;
    if (this.#owner.isOver()) return;
    this.#owner.onRoom();
    this.look();
  }

  /** Reading goes on once half of the session's budget is free, not a byte at a time, and the shared one is not full. */
  look(): void {
    if (!this.isHeld || this.#unreadBytes * 2 > this.own.maxBytes || this.shared.isFull) return;
    this.isHeld = false;
    this.#owner.onHold(false);
  }

  shed(): boolean {
    return this.#owner.shed();
  }

  /** The session is over. Unread bytes count until they are read. */
  end(): void {
    this.shared.forget(this);
  }
}
