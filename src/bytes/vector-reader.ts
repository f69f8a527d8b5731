/** Shared by a reader and the vectors read out of it. */
interface Faults {
  found: boolean;
}

/**
 * Reads a structure in the presentation language of TLS: big-endian numbers, and vectors that begin with their length
 * (RFC 8446 §3.3, §3.4). What does not fit never throws: it reads as far as there are bytes and is noted as a fault.
 */
export class VectorReader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #faults: Faults;

  constructor(bytes: Uint8Array, faults: Faults = { found: false }) {
    this.#bytes = bytes;
    this.#faults = faults;
  }

  /** True when all bytes are read. */
  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** True after a fault here, in the reader that this one was read out of, or in any other read out of that. */
  get faulty(): boolean {
    return this.#faults.found;
  }

  /** Notes a fault unless `holds`. */
  expect(holds: boolean): void {
    if (!holds) this.#faults.found = true;
  }

  /** The next `length` bytes, fewer where they end before; not copied. */
  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.expect(taken.length === length);
    this.#at += taken.length;
    return taken;
  }

  /** A number of `size` bytes. */
  unsigned(size: 1 | 2): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** A vector of `min` to `max` bytes whose length takes `lengthSize` bytes. */
  vector(lengthSize: 1 | 2, min = 0, max = Infinity): VectorReader {
    const length = this.unsigned(lengthSize);
    this.expect(length >= min && length <= max);
    return new VectorReader(this.take(length), this.#faults);
  }

  /** All bytes that are left, as Latin-1 text. */
  text(): string {
    return String.fromCharCode(...this.take(this.#bytes.length - this.#at));
  }
}
