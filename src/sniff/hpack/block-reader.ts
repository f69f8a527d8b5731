import { decodeHuffman } from './huffman.js';

// Four octets after the prefix: 2^28 is far beyond every index, length and size that is allowed here.
const MAX_SHIFT = 21;

/** Reads the two primitive types of a header block, integers and strings (RFC 7541 §5); `undefined` = malformed. */
export class BlockReader {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  /** The next octet, not consumed; `undefined` at the end of the block. */
  get next(): number | undefined {
    return this.#block[this.#at];
  }

  /** An integer that begins in the low `prefixBits` bits of the next octet (§5.1). */
  integer(prefixBits: number): number | undefined {
    const most = (1 << prefixBits) - 1;
    const first = this.#block[this.#at++];
    if (first === undefined) return undefined;
    let value = first & most;
    if (value < most) return value;
    for (let shift = 0; shift <= MAX_SHIFT; shift += 7) {
      const octet = this.#block[this.#at++];
      if (octet === undefined) return undefined;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    return undefined;
  }

  /** A string literal, plain or Huffman-coded, as text with one character per octet (§5.2). */
  string(): string | undefined {
    const huffman = (this.next ?? 0) >= 0x80;
    const length = this.integer(7);
    if (length === undefined || length > this.#block.length - this.#at) return undefined;
    const octets = this.#block.subarray(this.#at, (this.#at += length));
    if (huffman) return decodeHuffman(octets);
    let text = '';
    for (const octet of octets) text += String.fromCharCode(octet);
    return text;
  }
}
