import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from '../../../src/sniff/hpack/hpack-decoder.js';
import { decodeHuffman } from '../../../src/sniff/hpack/huffman.js';
import { blocksOf, recordedRequests } from '../http2-client.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('decodeHuffman', () => {
  it.each([
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['07', '0'],
    ['ffc7', '\0'],
    ['', ''],
  ])('reads %s as RFC 7541 codes it', (coded, text) => {
    expect(decodeHuffman(hex(coded))).toBe(text);
  });

  it('agrees with nghttp2 on the code of every octet that a client can send', async () => {
    // Enough short codes around the octet that nghttp2 prefers Huffman coding whatever the octet costs.
    const value = (octet: number): string => `${'a'.repeat(20)}${String.fromCharCode(octet)}${'e'.repeat(20)}`;
    const fields = Array.from({ length: 255 }, (_, i) => [`x-${i + 1}`, value(i + 1)] as const);
    const requests = [0, 64, 128, 192].map((from) => Object.fromEntries(fields.slice(from, from + 64)));
    const decoder = new HpackDecoder();
    const decoded = blocksOf(await recordedRequests(requests)).flatMap((block) => decoder.decode(block) ?? []);
    expect(decoded.filter(([name]) => name.startsWith('x-'))).toEqual(fields);
  });

  it.each([
    ['EOS', 'fffffffc'],
    ['EOS and more', 'ffffffff'],
    ['EOS after text', '07fffffffc'],
    ['padding of eight bits', 'ff'],
    ['padding of eight bits after text', 'f8ff'],
    ['padding with a zero', '06'],
    ['padding of zeros', '00'],
    ['half a code', 'fe'],
  ])('refuses %s', (_, coded) => {
    expect(decodeHuffman(hex(coded))).toBeUndefined();
  });

  it('takes as many bits of padding as a whole octet leaves, and no more', () => {
    // '&' has eight bits: nothing is left to pad.
    expect(decodeHuffman(hex('f8'))).toBe('&');
    // A lone '0' is five zeros, so three ones pad it.
    expect(decodeHuffman(hex('07'))).toBe('0');
    // ':' has seven bits, 1011100: one is left.
    expect(decodeHuffman(hex('b9'))).toBe(':');
    expect(decodeHuffman(hex('b8'))).toBeUndefined();
  });
});
