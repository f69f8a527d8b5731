import type { SchedulerLike } from 'rxjs';

/** What both directions of a pipe share. */
export interface Wire {
  readonly chunkBytes: number;
  readonly capacityBytes: number;
  readonly latencyMs: number;
  readonly cutAfterBytes: number;
  readonly scheduler: SchedulerLike;
  passedBytes: number;
  /** Resets both ends. */
  cut(): void;
}

/** Where a lane leads. */
export interface LaneEnd {
  push(bytes: Uint8Array): void;
  end(): void;
}

/** One direction of a pipe: pieces wait in the outbox while `capacityBytes` are on the way or unread at the other end. */
export class Lane {
  bufferedBytes = 0;
  readonly #wire: Wire;
  readonly #to: LaneEnd;
  readonly #outbox: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();
  #onTheWay = 0;
  #ending = false;
  #flushing = false;
  #over = false;

  constructor(wire: Wire, to: LaneEnd) {
    this.#wire = wire;
    this.#to = to;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over || this.#ending) return true;
    // Copied, as by a kernel: later changes to the writer's buffer do not show at the other end.
    const copy = new Uint8Array(chunk);
    for (let at = 0; at < copy.length; at += this.#wire.chunkBytes) {
      const piece = copy.subarray(at, at + this.#wire.chunkBytes);
      this.#outbox.push(piece);
      this.bufferedBytes += piece.length;
    }
    this.#flush();
    return this.bufferedBytes === 0;
  }

  end(): void {
    this.#ending = true;
    this.#flush();
  }

  /** Nothing passes any more. */
  stop(): void {
    this.#over = true;
    this.#outbox.length = this.bufferedBytes = 0;
    this.#wakeWriters();
  }

  /** The other end is done with so many bytes. */
  consumed(bytes: number): void {
    this.#onTheWay -= bytes;
    this.#flush();
  }

  drained(callback: () => void): () => void {
    if (this.bufferedBytes === 0) callback();
    else this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  // What arrives may be consumed at once, which leads back here: one loop sends.
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    while (!this.#over && this.#onTheWay < this.#wire.capacityBytes) {
      const piece = this.#outbox.shift();
      if (piece === undefined) break;
      this.bufferedBytes -= piece.length;
      this.#onTheWay += piece.length;
      this.#later(() => {
        this.#arrive(piece);
      });
    }
    this.#flushing = false;
    if (this.bufferedBytes > 0 || this.#over) return;
    this.#wakeWriters();
    // Those woken may have written, or ended it, again.
    if (!this.#ending || this.bufferedBytes > 0 || this.#isOver()) return;
    this.#over = true;
    this.#later(() => {
      this.#to.end();
    });
  }

  #isOver(): boolean {
    return this.#over;
  }

  #arrive(piece: Uint8Array): void {
    this.#wire.passedBytes += piece.length;
    if (this.#wire.passedBytes > this.#wire.cutAfterBytes) this.#wire.cut();
    else this.#to.push(piece);
  }

  #later(act: () => void): void {
    if (this.#wire.latencyMs === 0) act();
    else this.#wire.scheduler.schedule(act, this.#wire.latencyMs);
  }

  #wakeWriters(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}
