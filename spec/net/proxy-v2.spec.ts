import { describe, expect, it } from '@jest/globals';
import { encodeProxyV2, parseProxyV2 } from '../../src/net/proxy-v2.js';
import { latin1 } from '../../src/sniff/matcher.js';

const header = (text: string): Uint8Array => latin1(`\r\n\r\n\x00\r\nQUIT\n${text}`);
const parse = (bytes: Uint8Array) => parseProxyV2(bytes, 4096);

const [source, destination] = [Uint8Array.of(203, 0, 113, 7), Uint8Array.of(10, 0, 0, 5)];
const CLIENT = { source, sourcePort: 51000, destination, destinationPort: 443 };
const IPV4_BLOCK = '\xcb\x00\x71\x07\x0a\x00\x00\x05\xc78\x01\xbb';

describe('parseProxyV2', () => {
  it.each([
    ['version 1', '\x11\x11\x00\x0c'],
    ['version 3', '\x31\x11\x00\x0c'],
    ['an unassigned command', '\x22\x11\x00\x0c'],
    ['an unspecified family', '!A\x00\x0c'],
    ['an unspecified transport', '!\x13\x00\x0c'],
    ['an IPv4 family without a transport', '!\x10\x00\x0c'],
    ['less than the addresses of IPv4', '!\x11\x00\x0b'],
    ['less than the addresses of IPv6', '!!\x00#'],
    ['less than the addresses of Unix sockets', '!1\x00\xd7'],
    ['more than maxBytes', '!\x11\x0f\xf1'],
    ['more than maxBytes in a LOCAL one', ' \x00\x0f\xf1'],
  ])('refuses a head that tells %s, before anything else has come', (_, head) => {
    expect(parse(header(head))).toBe('invalid');
    expect(parse(header(head).subarray(0, 15))).toBe('more');
  });

  it.each([
    ['a TLV that goes past the end', '!\x11\x00\x10', '\x04\x00\x02x'],
    ['a TLV that goes far past the end', '!\x11\x00\x10', '\x04\xff\xffx'],
    ['one byte left over', '!\x11\x00\x0d', '\x04'],
    ['two bytes left over', '!\x11\x00\x0e', '\x04\x00'],
    ['a TLV that goes past the end behind a good one', '!\x11\x00\x14', '\x04\x00\x01x\x04\x00\x02y'],
    ['a wrong CRC32c', '!\x11\x00\x13', '\x03\x00\x04\x00\x00\x00\x00'],
    ['a CRC32c of 2 bytes', '!\x11\x00\x11', '\x03\x00\x02\x00\x00'],
  ])('case 51: refuses %s', (_, head, tlvs) => {
    expect(parse(header(`${head}${IPV4_BLOCK}${tlvs}`))).toBe('invalid');
  });

  it('case 51: accepts a LOCAL header whatever is in it', () => {
    const block = `${IPV4_BLOCK}\x03\x00\x04\x00\x00\x00\x00\x04\xff\xff`;
    expect(parse(header(` \x11\x00\x16${block}`))).toEqual({
      length: 38,
      meta: { version: 2, command: 'local', tlvs: [] },
    });
  });

  it('keeps TLVs of its own, apart from the array or Buffer they came in', () => {
    const text = header(`!\x11\x00\x11${IPV4_BLOCK}\x02\x00\x02ab`);
    for (const bytes of [text.slice(), Buffer.from(text)]) {
      const parsed = parse(bytes);
      bytes.fill(0);
      expect(parsed).toMatchObject({ meta: { tlvs: [{ type: 0x02, value: latin1('ab') }] } });
    }
  });

  it('reads the paths of Unix sockets up to the first zero, or all 108 bytes', () => {
    const long = `/${'x'.repeat(107)}`;
    expect(parse(header(`!2\x00\xd8${long}${'/run/app.sock'.padEnd(108, '\x00')}`))).toMatchObject({
      meta: { sourceAddress: long, destinationAddress: '/run/app.sock' },
    });
  });

  it('reads an IPv4-mapped IPv6 address as the IPv4 address it stands for', () => {
    const mapped = `${'\x00'.repeat(10)}\xff\xff\xc0\x00\x02\x01`;
    expect(parse(header(`!!\x00$${mapped}${mapped}\x00\x01\x00\x02`))).toMatchObject({
      meta: { sourceAddress: '192.0.2.1', sourcePort: 1, destinationAddress: '192.0.2.1', destinationPort: 2 },
    });
  });
});

it('a checksum is checked in a Buffer, and in the middle of one, without a change to it', () => {
  const checked = encodeProxyV2(CLIENT, [], true);
  const buffer = Buffer.concat([latin1('before'), checked, latin1('after')]);
  const copy = Buffer.from(buffer);
  expect(parse(buffer.subarray(6))).toMatchObject({ length: checked.length });
  expect(buffer).toEqual(copy);
});

describe('encodeProxyV2', () => {
  it('writes LOCAL and no addresses without ends, whatever the TLVs', () => {
    expect(encodeProxyV2(undefined, [], false)).toEqual(header(' \x00\x00\x00'));
    expect(encodeProxyV2(undefined, [{ type: 0x04, value: latin1('x') }], false)).toEqual(
      header(' \x00\x00\x04\x04\x00\x01x'),
    );
  });
});
