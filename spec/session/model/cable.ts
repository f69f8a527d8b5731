import type { Conn } from '../../../src/conn/conn.js';
import type { Reading } from '../../../src/conn/reading.js';

/** One direction between two pipes: bytes stay in it until they are carried, and come out cut anew. */
export class Cable {
  readonly #queue: Uint8Array[] = [];
  readonly #to: Conn;
  readonly #cuts: readonly number[];
  readonly #reading: Reading;
  #cut = 0;
  #ending: (() => void) | undefined;

  constructor(from: Conn, to: Conn, cuts: readonly number[]) {
    this.#to = to;
    this.#cuts = cuts;
    this.#reading = from._read({
      next: (chunk) => this.#queue.push(chunk),
      complete: () => {
        this.#ending = () => to.complete();
      },
      error: (error) => {
        this.#queue.length = 0;
        this.#ending = () => to.error(error);
      },
    });
    this.#reading.resume();
  }

  /** Hands over as many bytes as are there and taken, `most` at most; tells whether anything has moved. */
  carry(most: number): boolean {
    let carried = 0;
    while (carried < most && !this.#to.needsDrain) {
      const chunk = this.#queue.shift();
      if (chunk === undefined) break;
      const bytes = Math.min(most - carried, chunk.length, this.#cuts[this.#cut++ % this.#cuts.length] ?? chunk.length);
      if (bytes < chunk.length) this.#queue.unshift(chunk.subarray(bytes));
      carried += bytes;
      this.#to.next(chunk.subarray(0, bytes));
      this.#reading.consumed(bytes);
    }
    const end = this.#queue.length === 0 ? this.#ending : undefined;
    if (end !== undefined) this.#ending = undefined;
    end?.();
    return carried > 0 || end !== undefined;
  }
}
