import { describe, expect, it } from '@jest/globals';
import { HpackDecoder } from '../../../src/sniff/hpack/hpack-decoder.js';
import { STATIC_TABLE } from '../../../src/sniff/hpack/static-table.js';
import { blocksOf, recordedRequests } from '../http2-client.js';

describe('STATIC_TABLE', () => {
  it('has the 61 entries of RFC 7541', () => {
    expect(STATIC_TABLE).toHaveLength(61);
  });

  it('has the names at the indexes that nghttp2 writes', async () => {
    // Fields of one connection only, which HTTP/2 has no use for, can't be sent.
    const names = new Set(STATIC_TABLE.map(([name]) => name).filter((name) => !/^:|transfer-encoding/.test(name)));
    const headers = Object.fromEntries(Array.from(names, (name) => [name, '7']));
    const [block = new Uint8Array(0)] = blocksOf(await recordedRequests([headers]));
    // No name is spelled out: each is an index, and then five octets at most are left for a field.
    expect(block.length).toBeLessThan(5 * names.size);
    const fields = new HpackDecoder().decode(block) ?? [];
    expect(new Set(fields.map(([name]) => name).filter((name) => !name.startsWith(':')))).toEqual(names);
  });

  it.each([
    [{ ':method': 'POST', ':path': '/index.html', ':scheme': 'https' }],
    [{ ':method': 'GET', ':path': '/', ':scheme': 'http' }],
  ])('has the values at the indexes that nghttp2 writes for %j', async (headers) => {
    const [block = new Uint8Array(0)] = blocksOf(await recordedRequests([headers]));
    const indexed = block.filter((octet, at) => octet >= 0x80 && at < 3);
    expect(indexed).toHaveLength(3);
    expect(Object.fromEntries(new HpackDecoder().decode(indexed) ?? [])).toEqual(headers);
  });
});
