import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Addresses } from '../../src/conn/addresses.js';
import type { ProxyParse } from '../../src/net/proxy-format.js';
import { parseProxyHeader, proxyHeader } from '../../src/net/proxy-header.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { curlGet } from '../vectors/http1.js';
import { proxyFlights } from '../vectors/proxy.js';

const MAX_BYTES = 4096;
const parse = (bytes: Uint8Array, final = false): ProxyParse | 'absent' => parseProxyHeader(bytes, MAX_BYTES, final);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

const SIGNATURE_LENGTHS = { 1: 6, 2: 12 };

describe('parseProxyHeader', () => {
  it.each(proxyFlights)('reads $name, and leaves alone what follows', ({ bytes, meta }) => {
    expect(parse(bytes)).toEqual({ length: bytes.length, meta });
    expect(parse(bytes, true)).toEqual({ length: bytes.length, meta });
    for (const next of [curlGet, bytes]) expect(parse(joined(bytes, next))).toEqual({ length: bytes.length, meta });
  });

  it.each(proxyFlights)(
    'waits for the rest of $name wherever it is cut, and refuses it when there is none',
    ({ bytes, meta }) => {
      for (let k = 0; k < bytes.length; k++) {
        const cut = bytes.subarray(0, k);
        expect(parse(cut)).toBe('more');
        expect(parse(cut, true)).toBe(k < SIGNATURE_LENGTHS[meta.version] ? 'absent' : 'invalid');
      }
    },
  );

  it.each([
    ['case 29: PRO and then PROPFIND', 'PROPFIND / HTTP/1.1\r\n', 4],
    ['case 29: PR and then the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 3],
    ['case 29: PRO and then a word of its own', 'PROXYING / HTTP/1.1\r\n', 6],
    ['a path in lower case', 'proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 1],
    ['case 30: CRLF and then GET', '\r\nGET / HTTP/1.1\r\n', 3],
    ['case 30: CRLFCRLF and then GET', '\r\n\r\nGET / HTTP/1.1\r\n', 5],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01', 1],
  ])('sees no header in %s, at the first byte that no header has', (_, text, at) => {
    const bytes = latin1(text);
    for (let k = 0; k <= bytes.length; k++) expect(parse(bytes.subarray(0, k))).toBe(k < at ? 'more' : 'absent');
  });

  it('case 30: takes CRLFCRLF and a zero byte for the beginning of version 2', () => {
    expect(parse(latin1('\r\n\r\n\x00'))).toBe('more');
  });

  it('gives one answer however the bytes are cut, and never throws, for mutated headers and random bytes', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...proxyFlights),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      )
      .map(([{ bytes }, changes]) => {
        const copy = joined(bytes, curlGet);
        for (const [at, value] of changes) copy[at % bytes.length] = value;
        return copy;
      });
    const headed = fc
      .tuple(
        fc.constantFrom(latin1('PROXY '), latin1('PROXY TCP4 '), latin1('\r\n\r\n\x00\r\nQUIT\n!')),
        fc.uint8Array({ maxLength: 120 }),
      )
      .map(([head, tail]) => joined(head, tail));
    fc.assert(
      fc.property(fc.oneof(mutated, headed, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        let at = 0;
        let verdict = parse(bytes.subarray(0, at));
        while (verdict === 'more' && at < bytes.length) verdict = parse(bytes.subarray(0, ++at));
        expect(verdict).toEqual(parse(bytes));
        expect(parse(bytes, true)).not.toBe('more');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a header of maxBytes and no longer one', () => {
    const header = latin1(`\r\n\r\n\x00\r\nQUIT\n!\x00\x00\x13\x04\x00\x10${'x'.repeat(16)}`);
    expect(parseProxyHeader(header, 35, false)).toMatchObject({ length: 35 });
    // The length is judged before the body has come.
    expect(parseProxyHeader(header.subarray(0, 16), 34, false)).toBe('invalid');
  });
});

const CLIENT: Addresses = { remoteAddress: '203.0.113.7', remotePort: 51000, localAddress: '10.0.0.5', localPort: 443 };

const bytesOf = (name: string): Uint8Array | undefined => proxyFlights.find((flight) => flight.name === name)?.bytes;

describe('proxyHeader', () => {
  it('writes the very bytes that HAProxy writes', () => {
    const to = (address: string, remotePort: number, localPort: number): Addresses => ({
      remoteAddress: address,
      remotePort,
      localAddress: address,
      localPort,
    });
    const headers = [
      ['a v1 TCP4 header of HAProxy', proxyHeader(to('127.0.0.1', 36040, 21001), { version: 1 })],
      ['a v1 TCP6 header of HAProxy', proxyHeader(to('::1', 41956, 21005), { version: 1 })],
      ['a v1 UNKNOWN header of HAProxy', proxyHeader({}, { version: 1 })],
      ['a v2 TCP4 header of HAProxy', proxyHeader(to('127.0.0.1', 59788, 21002), { version: 2 })],
      ['a v2 TCP6 header of HAProxy', proxyHeader(to('::1', 43182, 21006), { version: 2 })],
      ['a health check of HAProxy', proxyHeader(undefined, { version: 2 })],
    ] as const;
    for (const [name, header] of headers) expect([name, header]).toEqual([name, bytesOf(name)]);
  });

  it('says UNKNOWN, in version 2 LOCAL, of a client without an IP address, and of one that is gone', () => {
    for (const from of [
      {},
      { ...CLIENT, remoteAddress: undefined },
      { ...CLIENT, localPort: undefined },
      { ...CLIENT, remoteAddress: 'here' },
    ]) {
      expect(proxyHeader(from, { version: 1 })).toEqual(latin1('PROXY UNKNOWN\r\n'));
      expect(proxyHeader(from, { version: 2 })).toEqual(latin1('\r\n\r\n\x00\r\nQUIT\n \x00\x00\x00'));
    }
    expect(proxyHeader(undefined, { version: 1 })).toEqual(latin1('PROXY UNKNOWN\r\n'));
  });

  it('writes IPv4-mapped addresses as IPv4, and none with its zone', () => {
    const dual = { ...CLIENT, remoteAddress: '::ffff:203.0.113.7', localAddress: '::ffff:10.0.0.5' };
    expect(proxyHeader(dual, { version: 1 })).toEqual(latin1('PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n'));
    expect(proxyHeader(dual, { version: 2 })).toEqual(proxyHeader(CLIENT, { version: 2 }));
    const zoned = { ...CLIENT, remoteAddress: 'fe80::1%eth0', localAddress: 'fe80::2%eth0' };
    expect(proxyHeader(zoned, { version: 1 })).toEqual(latin1('PROXY TCP6 fe80::1 fe80::2 51000 443\r\n'));
  });

  it('writes ends of two families as IPv6 in version 2, as UNKNOWN in version 1', () => {
    const mixed = { ...CLIENT, localAddress: '2001:db8::5' };
    const header = proxyHeader(mixed, { version: 2 });
    expect([header[13], header.subarray(16, 32)]).toEqual([
      0x21,
      latin1(`${'\x00'.repeat(10)}\xff\xff\xcb\x00\x71\x07`),
    ]);
    expect(parse(header)).toMatchObject({ meta: { sourceAddress: '203.0.113.7', destinationAddress: '2001:db8::5' } });
    expect(proxyHeader(mixed, { version: 1 })).toEqual(latin1('PROXY UNKNOWN\r\n'));
  });

  it('is read back as it was written, for any addresses and TLVs', () => {
    const end = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65535));
    const tlv = fc.record({ type: fc.nat(255).filter((type) => type !== 3), value: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(
        end,
        end,
        fc.array(tlv, { maxLength: 5 }),
        fc.boolean(),
        ([remoteAddress, remotePort], [localAddress, localPort], tlvs, crc32c) => {
          const from = { remoteAddress, remotePort, localAddress, localPort };
          for (const header of [proxyHeader(from, { version: 1 }), proxyHeader(from, { version: 2, tlvs, crc32c })]) {
            const read = parse(header);
            if (typeof read === 'string') throw new Error(read);
            const { version, sourceAddress, sourcePort, destinationAddress, destinationPort } = read.meta;
            expect(read.length).toBe(header.length);
            if (version === 2) expect(read.meta.tlvs.slice(0, tlvs.length)).toEqual(tlvs);
            if (sourceAddress === undefined) continue;
            const again = {
              remoteAddress: sourceAddress,
              remotePort: sourcePort,
              localAddress: destinationAddress,
              localPort: destinationPort,
            };
            expect([sourcePort, destinationPort]).toEqual([remotePort, localPort]);
            expect(proxyHeader(again, { version: 2 })).toEqual(proxyHeader(from, { version: 2 }));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('adds a checksum that notices any changed byte, in the place of one it was given', () => {
    const stale = { type: 0x03, value: latin1('\x01\x02\x03\x04') };
    const name = { type: 0x02, value: latin1('app.example.com') };
    const header = proxyHeader(CLIENT, { version: 2, tlvs: [stale, name], crc32c: true });
    expect(parse(header)).toMatchObject({ meta: { tlvs: [name, { type: 0x03 }] } });
    const typeAt = header.length - 7;
    for (let at = 16; at < header.length; at++) {
      // With another type it is no checksum any more.
      if (at === typeAt) continue;
      const changed = Uint8Array.from(header);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(parse(changed)).toBe('invalid');
    }
    expect(parse(proxyHeader(CLIENT, { version: 2, tlvs: [stale, name] }))).toMatchObject({ meta: { tlvs: [name] } });
  });

  it.each([
    ['a type that is no byte', [{ type: 256, value: latin1('') }]],
    ['a value over 65,535 bytes', [{ type: 0x04, value: new Uint8Array(0x1_0000) }]],
    ['more than fits in all', [{ type: 0x04, value: new Uint8Array(0xffff - 3 - 11) }]],
  ])('refuses %s', (_, tlvs) => {
    expect(() => proxyHeader(CLIENT, { version: 2, tlvs })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
    );
  });

  it('refuses a version that there is not', () => {
    expect(() => proxyHeader(CLIENT, { version: 3 as 2 })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('fits as much as the length field can tell', () => {
    const header = proxyHeader(CLIENT, { version: 2, tlvs: [{ type: 0x04, value: new Uint8Array(0xffff - 3 - 12) }] });
    expect(parseProxyHeader(header, 16 + 0xffff, false)).toMatchObject({ length: 16 + 0xffff });
  });
});
