import type { Reading } from '../../../src/conn/reading.js';
import type { MuxStream } from '../../../src/session/mux-stream.js';

const MIB = 1 << 20;
const HALF_BYTES = MIB;

// Bytes without a pattern (xorshift, Marsaglia 2003), so that each place looks like no other.
const SOURCE = new Uint8Array(3 * MIB);
for (let at = 0, word = 2_463_534_242; at < SOURCE.length; at++) {
  word ^= word << 13;
  word ^= word >>> 17;
  word ^= word << 5;
  SOURCE[at] = word;
}

/** One direction of one stream, as it has to be: what was written, what of it was read, and how it ended. */
export class Half {
  written = 0;
  read = 0;
  /** The writer has half-closed. */
  ended = false;
  /** The reader has left. */
  cancelled = false;
  /** `complete`, or the code of an error; undefined while it goes on. */
  outcome: string | undefined;
  readonly #name: string;
  readonly #from: number;
  readonly #faults: string[];
  #reading: Reading | undefined;
  #wanted = 0;
  #unconsumed = 0;
  #isLate = false;

  constructor(name: string, key: number, faults: string[]) {
    this.#name = name;
    this.#from = (key * 4099) % MIB;
    this.#faults = faults;
  }

  /** The reader waits for more, and owes nothing for what it has. */
  get isHungry(): boolean {
    return this.#wanted > 0 && this.#unconsumed === 0 && !this.cancelled;
  }
  get consumed(): number {
    return this.read - this.#unconsumed;
  }

  write(stream: MuxStream, bytes: number): void {
    const fits = this.written + bytes <= HALF_BYTES && stream.bufferedBytes + bytes <= MIB;
    if (this.ended || stream.isOver || !fits) return;
    const at = this.#from + this.written;
    this.written += bytes;
    stream.next(SOURCE.subarray(at, at + bytes));
  }

  end(stream: MuxStream): void {
    this.ended = true;
    stream.complete();
  }

  /** Reads on until there are `bytes` more. `isLate`: what comes is consumed with the next call only. */
  want(stream: MuxStream, bytes: number, isLate: boolean): void {
    if (this.cancelled) return;
    this.#wanted = Math.max(0, this.#wanted) + bytes;
    this.#isLate = isLate;
    this.#reading ??= this.#attach(stream);
    this.#digest();
    this.#reading.resume();
  }

  pause(): void {
    this.#wanted = 0;
    this.#reading?.pause();
    this.#digest();
  }

  cancel(stream: MuxStream): void {
    this.cancelled = true;
    this.#digest();
    stream.cancelRead();
  }

  #attach(stream: MuxStream): Reading {
    const reading: Reading = stream._read({
      next: (chunk) => {
        this.#check(chunk);
        this.read += chunk.length;
        this.#wanted -= chunk.length;
        if (this.#wanted <= 0) reading.pause();
        if (this.#isLate) this.#unconsumed += chunk.length;
        else reading.consumed(chunk.length);
      },
      complete: () => this.#over('complete'),
      error: ({ code }) => this.#over(code),
    });
    return reading;
  }

  #digest(): void {
    const bytes = this.#unconsumed;
    this.#unconsumed = 0;
    if (bytes > 0) this.#reading?.consumed(bytes);
  }

  #check(chunk: Uint8Array): void {
    if (this.cancelled || this.outcome !== undefined) this.#fault('bytes came after the end');
    if (this.read + chunk.length > this.written) this.#fault('more came than was written');
    const at = this.#from + this.read;
    if (Buffer.compare(chunk, SOURCE.subarray(at, at + chunk.length)) !== 0) this.#fault('other bytes came');
  }

  #over(outcome: string): void {
    if (this.outcome !== undefined) this.#fault(`ended twice, last as ${outcome}`);
    this.outcome = outcome;
  }

  #fault(what: string): void {
    this.#faults.push(`${this.#name}: ${what} (${this.read} of ${this.written} bytes read, ${String(this.outcome)})`);
  }
}
