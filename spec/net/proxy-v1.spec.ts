import { describe, expect, it } from '@jest/globals';
import { encodeProxyV1, parseProxyV1 } from '../../src/net/proxy-v1.js';
import { latin1 } from '../../src/sniff/matcher.js';

const line = (text: string): Uint8Array => latin1(`${text}\r\n`);

describe('parseProxyV1', () => {
  it.each([
    ['an unknown family', 'PROXY TCP5 1.2.3.4 5.6.7.8 1 2'],
    ['no family', 'PROXY  1.2.3.4 5.6.7.8 1 2'],
    ['a family that goes on', 'PROXY UNKNOWNS'],
    ['a family in lower case', 'PROXY tcp4 1.2.3.4 5.6.7.8 1 2'],
    ['a family alone', 'PROXY TCP4'],
    ['one port missing', 'PROXY TCP4 1.2.3.4 5.6.7.8 1'],
    ['one field too many', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3'],
    ['a space at the end', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 '],
    ['two spaces between fields', 'PROXY TCP4 1.2.3.4  5.6.7.8 1 2'],
    ['a tab between fields', 'PROXY TCP4\t1.2.3.4 5.6.7.8 1 2'],
    ['an IPv6 address in TCP4', 'PROXY TCP4 ::1 ::1 1 2'],
    ['an IPv4 address in TCP6', 'PROXY TCP6 1.2.3.4 5.6.7.8 1 2'],
    ['an octet over 255', 'PROXY TCP4 1.2.3.256 5.6.7.8 1 2'],
    ['an octet with a leading zero', 'PROXY TCP4 1.2.3.04 5.6.7.8 1 2'],
    ['three octets', 'PROXY TCP4 1.2.3 5.6.7.8 1 2'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2'],
    ['two gaps in an IPv6 address', 'PROXY TCP6 1::2::3 ::1 1 2'],
    ['a host name', 'PROXY TCP4 localhost 5.6.7.8 1 2'],
    ['a port over 65535', 'PROXY TCP4 1.2.3.4 5.6.7.8 65536 2'],
    ['a port with a leading zero', 'PROXY TCP4 1.2.3.4 5.6.7.8 01 2'],
    ['a port with a sign', 'PROXY TCP4 1.2.3.4 5.6.7.8 +1 2'],
    ['a port in hex', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 0x2'],
    ['an empty port', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 '],
    ['LF in the place of CRLF', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\nGET / HTTP/1.1'],
    ['CR in the place of CRLF', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rGET / HTTP/1.1'],
  ])('refuses %s', (_, text) => {
    expect(parseProxyV1(line(text))).toBe('invalid');
  });

  it('refuses a field as soon as it ends, without waiting for the line', () => {
    expect(parseProxyV1(latin1('PROXY /index.html'))).toBe('more');
    expect(parseProxyV1(latin1('PROXY /index.html '))).toBe('invalid');
    expect(parseProxyV1(latin1('PROXY TCP4 1.2.3.256'))).toBe('more');
    expect(parseProxyV1(latin1('PROXY TCP4 1.2.3.256 '))).toBe('invalid');
  });

  it('case 51: takes a line of 107 bytes and refuses one of 108', () => {
    const longest = line('PROXY UNKNOWN '.padEnd(105, 'f'));
    expect(longest).toHaveLength(107);
    expect(parseProxyV1(longest)).toMatchObject({ length: 107 });
    expect(parseProxyV1(line('PROXY UNKNOWN '.padEnd(106, 'f')))).toBe('invalid');
  });

  it('refuses 107 bytes without CRLF, whatever may follow', () => {
    const endless = latin1('PROXY UNKNOWN '.padEnd(107, 'f'));
    expect(parseProxyV1(endless.subarray(0, 106))).toBe('more');
    expect(parseProxyV1(endless)).toBe('invalid');
    // CR is there, LF would be byte 108.
    expect(parseProxyV1(latin1(`${'PROXY UNKNOWN '.padEnd(106, 'f')}\r`))).toBe('invalid');
  });
});

describe('encodeProxyV1', () => {
  it('says UNKNOWN where there is nothing to say', () => {
    expect(encodeProxyV1(undefined)).toEqual(line('PROXY UNKNOWN'));
  });
});
