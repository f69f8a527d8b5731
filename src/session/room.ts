/** The session that takes streams. */
export interface RoomHost {
  readonly isDraining: boolean;
  readonly receiveRoom: { readonly isFull: boolean };
  readonly accepts: { readonly isOverfull: boolean };
  readonly owner: {
    onHold(reason: 'full', isHeld: boolean): void;
    onWatch(): void;
  };
}

/**
 * Makes a peer wait if the protocol cannot refuse a stream. A stream without room is taken all the same, and no byte
 * after it is read until there is room, as the accept backlog of Go's smux stops its reader.
 */
export class Room {
  /** True while reading waits for room. */
  isAwaited = false;
  /** True once a stream was dropped: its opener waits for the end of the session. */
  hasDropped = false;
  readonly #host: RoomHost;

  constructor(host: RoomHost) {
    this.#host = host;
  }

  /** A stream was taken, or dropped by a session that drains. */
  onOpened(): void {
    if (this.#host.isDraining) {
      this.hasDropped = true;
      this.#host.owner.onWatch();
    }
    if (this.isAwaited || !this.#isLacking) return;
    this.isAwaited = true;
    this.#host.owner.onHold('full', true);
    this.#host.owner.onWatch();
  }

  /** There may be room now. */
  look(): void {
    if (!this.isAwaited || this.#isLacking) return;
    this.isAwaited = false;
    this.#host.owner.onHold('full', false);
  }

  // A session that drains takes no streams, so it needs no room.
  get #isLacking(): boolean {
    const { isDraining, accepts, receiveRoom } = this.#host;
    return !isDraining && (accepts.isOverfull || receiveRoom.isFull);
  }
}
