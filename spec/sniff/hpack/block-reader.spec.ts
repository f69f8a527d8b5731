import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BlockReader } from '../../../src/sniff/hpack/block-reader.js';
import { hpackInteger, hpackString, octets } from '../http2-client.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('BlockReader', () => {
  it.each([
    ['C.1.1: 10 in a 5-bit prefix', 'ea', 5, 10],
    ['C.1.2: 1337 in a 5-bit prefix', 'ff9a0a', 5, 1337],
    ['C.1.3: 42 in a whole octet', '2a', 8, 42],
  ])('reads the integer of RFC 7541 %s', (_, block, prefixBits, value) => {
    expect(new BlockReader(hex(block)).integer(prefixBits)).toBe(value);
  });

  it('reads every integer up to 2^28 that a peer may write, one after another', () => {
    const integer = fc.tuple(fc.nat(2 ** 28 - 1), fc.integer({ min: 4, max: 8 }));
    fc.assert(
      fc.property(fc.array(integer), (integers) => {
        const reader = new BlockReader(octets(...integers.map(([value, bits]) => hpackInteger(value, bits))));
        for (const [value, bits] of integers) expect(reader.integer(bits)).toBe(value);
        expect(reader.next).toBeUndefined();
      }),
    );
  });

  it.each([
    ['nothing at all', ''],
    ['a prefix that promises more', '1f'],
    ['an octet that promises more', '1f80'],
    ['2^32', '1fe1ffffff0f'],
    ['an integer of a thousand octets', `1f${'80'.repeat(1000)}00`],
    ['an integer of a thousand octets, each the largest', `1f${'ff'.repeat(1000)}7f`],
  ])('refuses the integer that is %s', (_, block) => {
    expect(new BlockReader(hex(block)).integer(5)).toBeUndefined();
  });

  it('reads plain and Huffman-coded strings, and what follows them', () => {
    const reader = new BlockReader(octets(hpackString('née'), hex('86a8eb10649cbf'), 0, 7));
    expect([reader.string(), reader.string(), reader.string()]).toEqual(['née', 'no-cache', '']);
    expect(reader.next).toBe(7);
  });

  it.each([
    ['is longer than the rest of the block', '0361 62'],
    ['claims 256 MiB', '7f81ffff7f61'],
    ['is Huffman-coded with bad padding', '8100'],
    ['has no length', ''],
  ])('refuses a string that %s', (_, block) => {
    expect(new BlockReader(hex(block.replace(' ', ''))).string()).toBeUndefined();
  });
});
