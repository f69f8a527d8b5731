/**
 * The Huffman code of HPACK (RFC 7541 §5.2, Appendix B). The code is canonical: codes of one length are consecutive
 * numbers in the order of their symbols, and longer codes go on from there. So the lengths alone define it.
 */

// Bits of the code of each octet. The one code left over, thirty ones, is EOS.
// prettier-ignore
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
   6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
  13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
  15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const LONGEST = 30;

interface CodesOfLength {
  readonly first: number;
  readonly symbols: readonly string[];
}

const CODES: readonly CodesOfLength[] = canonicalCodes();

function canonicalCodes(): CodesOfLength[] {
  const codes: CodesOfLength[] = [];
  let first = 0;
  for (let bits = 0; bits <= LONGEST; bits++) {
    const symbols = CODE_BITS.flatMap((length, octet) => (length === bits ? [String.fromCharCode(octet)] : []));
    codes.push({ first, symbols });
    first = (first + symbols.length) * 2;
  }
  return codes;
}

/**
 * Decodes a string literal to text with one character per octet.
 *
 * @returns `undefined` for what RFC 7541 §5.2 calls a decoding error: EOS within the text, and padding that is longer than
 * 7 bits or not made of ones
 */
export function decodeHuffman(octets: Uint8Array): string | undefined {
  let text = '';
  let code = 0;
  let bits = 0;
  for (const octet of octets) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((octet >> bit) & 1);
      const codes = CODES[++bits];
      const symbol = codes?.symbols[code - codes.first];
      if (symbol === undefined) continue;
      text += symbol;
      code = 0;
      bits = 0;
    }
  }
  // After EOS nothing becomes a symbol any more, so it ends here as padding that is too long.
  return bits < 8 && code === (1 << bits) - 1 ? text : undefined;
}
