/** Shared by a reader and the vectors read out of it. */
interface Faults {
  found: boolean;
}

/**
 * Reads a structure in the presentation language of TLS: big-endian numbers, and vectors that begin with their length
 * (RFC 8446 §3.3, §3.4). What does not fit never throws: it gives zeros or nothing, and {@link VectorReader.faulty} tells, for
 * a reader and all vectors read out of it.
 */
export class VectorReader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #faults: Faults;

  constructor(bytes: Uint8Array, faults: Faults = { found: false }) {
    this.#bytes = bytes;
    this.#faults = faults;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

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
