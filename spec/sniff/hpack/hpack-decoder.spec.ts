import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sensitiveHeaders } from 'node:http2';
import { HpackDecoder } from '../../../src/sniff/hpack/hpack-decoder.js';
import { hpackExamples } from '../../vectors/hpack.js';
import { blocksOf, hpackInteger, hpackLiteral, hpackString, octets, recordedRequests } from '../http2-client.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const sizeUpdate = (bytes: number): Uint8Array => hpackInteger(bytes, 5, 0x20);
const GET = Uint8Array.of(0x82);
const decode = (...parts: readonly (string | number | Uint8Array)[]): unknown =>
  new HpackDecoder().decode(octets(...parts));

describe('HpackDecoder', () => {
  it.each(hpackExamples)('decodes RFC 7541 %s', (_, series) => {
    const decoder = new HpackDecoder();
    for (const { block, fields } of series) expect(decoder.decode(hex(block))).toEqual(fields);
  });

  it('decodes the empty block to no fields', () => {
    expect(decode()).toEqual([]);
  });

  it.each([
    ['index 0', hex('80')],
    ['an index past both tables', hex('be')],
    ['a name at an index past both tables', octets(0x7f, 0, hpackString('v'))],
    ['a field cut off after its name', octets(0, hpackString('name'))],
    ['a field cut off in its value', hpackLiteral('name', 'value').subarray(0, -1)],
    ['a name that lacks its octets', hex('000a6162')],
    ['bad Huffman coding', hex('048100')],
  ])('refuses %s', (_, block) => {
    expect(decode(block)).toBeUndefined();
    expect(decode(GET, block)).toBeUndefined();
  });

  it('takes size updates at the start of a block, several of them', () => {
    expect(decode(sizeUpdate(0), sizeUpdate(4096), GET)).toEqual([[':method', 'GET']]);
  });

  it('case 39: refuses a size update to 4 GiB, to one more than 4096, and one that follows a field', () => {
    expect(decode(hex('3fe1ffffff0f'), GET)).toBeUndefined();
    expect(decode(sizeUpdate(4097), GET)).toBeUndefined();
    expect(decode(GET, sizeUpdate(0), GET)).toBeUndefined();
    expect(decode(GET, sizeUpdate(0))).toBeUndefined();
  });

  it('case 38: refuses an entry of nearly 4 KiB that is named a thousand times', () => {
    const bomb = hpackLiteral('x', 'v'.repeat(4000), true);
    const named = (times: number): unknown => decode(bomb, new Uint8Array(times).fill(0xbe));
    expect(named(15)).toHaveLength(16);
    // 16 × 4001 bytes are within 64 KiB, 17 are not.
    expect(named(16)).toBeUndefined();
    expect(named(1000)).toBeUndefined();
    // With 1520 bytes more they are 64 KiB to the byte.
    const filled = (length: number): unknown =>
      decode(bomb, new Uint8Array(15).fill(0xbe), hpackLiteral('n', 'v'.repeat(length - 1)));
    expect(filled(1520)).toHaveLength(17);
    expect(filled(1521)).toBeUndefined();
  });

  it('takes 128 fields, and no more', () => {
    expect(decode(new Uint8Array(128).fill(0x82))).toHaveLength(128);
    expect(decode(new Uint8Array(129).fill(0x82))).toBeUndefined();
  });

  it('takes 64 KiB of block, and of names and values, and no more', () => {
    const largest = hpackLiteral('n', 'v'.repeat(65529));
    expect(largest).toHaveLength(65536);
    expect(decode(largest)).toHaveLength(1);
    expect(decode(hpackLiteral('n', 'v'.repeat(65530)))).toBeUndefined();
    // 60 KB of 'a' in five bits each: the block is small enough, the value is not.
    const huffman = hex('18c6318c63'.repeat(8250));
    expect(decode(0, hpackString('n'), hpackInteger(huffman.length, 7, 0x80), huffman)).toBeUndefined();
  });

  it('decodes what nghttp2 writes for any requests, with any size of table', async () => {
    const name = fc.oneof(
      fc.constantFrom('accept', 'content-type', 'user-agent', 'referer', 'authorization', 'x-a', 'x-b'),
      fc.stringMatching(/^x-[a-z0-9-]{1,30}$/),
    );
    const value = fc.oneof(
      fc.constantFrom('gzip, deflate', '*/*', 'application/grpc'),
      fc.stringMatching(/^[!-~\xa1-\xff]{1,60}$/),
      fc.stringMatching(/^[a-e]{100,400}$/),
    );
    const fields = fc.dictionary(name, value, { maxKeys: 12, noNullPrototype: true });
    const request = fc.tuple(fields, fc.webPath(), fc.boolean());
    const requests = fc.array(request, { minLength: 1, maxLength: 4 });
    const tableBytes = fc.option(fc.constantFrom(0, 40, 100, 256, 4095), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(requests, tableBytes, async (list, size) => {
        const sent = list.map(([extra, path, secret]) => ({
          ':method': 'GET',
          ':scheme': 'http',
          ':path': path || '/',
          ':authority': 'rxmux.test',
          ...extra,
          ...(secret ? { cookie: 'secret=1', [sensitiveHeaders]: ['cookie'] } : {}),
        }));
        const decoder = new HpackDecoder();
        const blocks = blocksOf(await recordedRequests(sent, size));
        expect(blocks.map((block) => Object.fromEntries(decoder.decode(block) ?? []))).toEqual(
          sent.map((headers) => Object.fromEntries(Object.entries(headers))),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('never throws, whatever the block', () => {
    const examples = hpackExamples.flatMap(([, series]) => series.map(({ block }) => hex(block)));
    const mutated = fc
      .tuple(fc.constantFrom(...examples), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([block, changes]) => {
        const copy = Uint8Array.from(block);
        for (const [at, octet] of changes) copy[at % copy.length] = octet;
        return copy;
      });
    fc.assert(
      fc.property(fc.array(fc.oneof(mutated, fc.uint8Array()), { maxLength: 3 }), (blocks) => {
        const decoder = new HpackDecoder();
        for (const block of blocks) expect(() => decoder.decode(block)).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });
});
