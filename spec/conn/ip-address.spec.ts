import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isIP, isIPv6, SocketAddress } from 'node:net';
import { formatIp, mapped, parseIp, unmapped } from '../../src/conn/ip-address.js';

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
// Mostly zeros: what is hard about IPv6 is the gap.
const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
const ipv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])));
const written = (ip: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => Buffer.from(ip).toString('hex', 2 * i, 2 * i + 2)).join(':');

describe('parseIp', () => {
  it.each([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['::', Array<number>(16).fill(0)],
    ['::1', [...Array<number>(15).fill(0), 1]],
    ['1::', [0, 1, ...Array<number>(14).fill(0)]],
    ['2001:DB8::a:0:1', [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0, 1]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['64:ff9b::192.0.2.1', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1]],
    ['::ffff:192.0.2.1', [192, 0, 2, 1]],
    ['0:0:0:0:0:FFFF:c000:0201', [192, 0, 2, 1]],
    ['fe80::1%eth0', [0xfe, 0x80, ...Array<number>(13).fill(0), 1]],
  ])('reads %s', (text, bytes) => {
    expect(parseIp(text)).toEqual(Uint8Array.from(bytes));
  });

  it.each([
    ...['', '1', '10.1', '010.0.0.1', '1.2.3.256', '1.2.3.4.5', '1.2.3.4.', '0x1.2.3.4', '1.2.3.4%eth0', ' 1.2.3.4'],
    ...[
      '1.2.3.4\n',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7',
      '12345::',
      '::g',
      '::1.2.3',
      '1.2.3.4::',
    ],
    ...['::010.0.0.1', '[::1]', '::1]:80/[', '::1]', '::1%', '::1 ', '::\n1', '1.2.3.4:80', 'localhost'],
  ])('reads no address in %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('takes exactly what Node takes for an address', () => {
    const sign = fc.constantFrom(':', '::', '.', '0', '1', '255', 'ffff', 'a', 'g', ' ', '[');
    const text = fc.oneof(
      fc.array(sign, { maxLength: 16 }).map((signs) => signs.join('')),
      fc
        .tuple(ipv6, sign, fc.nat(40))
        .map(([ip, extra, at]) => written(ip).slice(0, at) + extra + written(ip).slice(at)),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('', '%eth0'), (address, zone) => {
        const some = `${address}${zone}`;
        expect(parseIp(some) !== undefined).toBe(isIP(some) !== 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatIp', () => {
  it.each([
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    // RFC 5952 sections 4.2.2 and 4.2.3
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:1:2:3:0:0:4', '::1:2:3:0:0:4'],
    ['2001:0DB8:0:0:0:0:0:AAAA', '2001:db8::aaaa'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatIp(parseIp(text) ?? new Uint8Array())).toBe(canonical);
  });

  it('writes what reads as the same address, and as Node writes it', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6.map(unmapped)), (ip) => {
        const text = formatIp(ip);
        expect(parseIp(text)).toEqual(ip);
        // Node writes the last half of ::/96 in decimals, as RFC 5952 section 5 would for known prefixes only.
        if (!isIPv6(text) || ip.subarray(0, 12).some((byte) => byte > 0)) {
          expect(text).toBe(new SocketAddress({ address: text, family: isIPv6(text) ? 'ipv6' : 'ipv4' }).address);
        }
      }),
    );
  });
});

it('an IPv4 address is mapped and back; one of IPv6 stays', () => {
  fc.assert(
    fc.property(ipv4, ipv6, (four, sixteen) => {
      expect(unmapped(mapped(four))).toEqual(four);
      expect(mapped(four)).toEqual(Uint8Array.from([...Array<number>(10).fill(0), 0xff, 0xff, ...four]));
      expect(mapped(sixteen)).toBe(sixteen);
    }),
  );
});
