import type { ByteSink } from '../bytes/byte-queue.js';
import type { WriteDone } from '../conn/lent.js';
import type { Loan } from './loans.js';

// Up to here a copy costs less than one more piece of a writev.
const COPY_BYTES = 1024;
const SLAB_BYTES = 32_768;

// The rest of the slab that was carved last: sessions take turns, so an idle one holds none.
let spare: { readonly slab: Uint8Array; readonly at: number } | undefined;

/**
 * Collects what one flush sends: headers and small payloads side by side in a slab, large payloads as they are. A slab is only
 * ever carved, never written twice, so what was handed to the transport stays valid.
 */
export class Outbox implements ByteSink {
  /** Bytes collected. */
  bytes = 0;
  /** Where the next frame may be written, after `reserve`. */
  slab: Uint8Array = NO_SLAB;
  at = 0;
  #from = 0;
  #parts: Uint8Array[] = [];
  #loans: Loan[] | undefined;

  /** Makes room for `bytes` bytes at `at` of `slab`. */
  reserve(bytes: number): void {
    if (this.slab.length - this.at >= bytes) return;
    this.#closePart();
    const found = spare;
    spare = undefined;
    if (found !== undefined && this.slab === NO_SLAB && found.slab.length - found.at >= bytes) {
      this.slab = found.slab;
      this.at = this.#from = found.at;
    } else {
      this.slab = new Uint8Array(Math.max(SLAB_BYTES, bytes));
      this.at = this.#from = 0;
    }
  }

  /** Says that a frame was written up to `at`. */
  wrote(at: number): void {
    this.bytes += at - this.at;
    this.at = at;
  }

  append(payload: Uint8Array): void {
    const { length } = payload;
    if (length > COPY_BYTES) {
      this.#closePart();
      this.#parts.push(payload);
    } else {
      this.reserve(length);
      this.slab.set(payload, this.at);
      this.at += length;
    }
    this.bytes += length;
  }

  /** Records that bytes of a lent buffer were appended. */
  lent(loan: Loan): void {
    (this.#loans ??= []).push(loan);
    loan.taken();
  }

  /** The callback for when all bytes of the next {@link Outbox.take} have left; undefined if no buffer was lent. */
  takeDone(): WriteDone | undefined {
    const loans = this.#loans;
    if (loans === undefined) return undefined;
    this.#loans = undefined;
    return (error) => {
      for (const loan of loans) loan.returned(error);
    };
  }

  /** All that was collected, in order; the outbox is empty again. */
  take(): Uint8Array[] {
    this.#closePart();
    const parts = this.#parts;
    if (this.slab !== NO_SLAB) spare = { slab: this.slab, at: this.at };
    this.slab = NO_SLAB;
    this.at = this.#from = this.bytes = 0;
    this.#parts = [];
    return parts;
  }

  #closePart(): void {
    if (this.at > this.#from) this.#parts.push(this.slab.subarray(this.#from, this.at));
    this.#from = this.at;
  }
}

const NO_SLAB = new Uint8Array(0);
