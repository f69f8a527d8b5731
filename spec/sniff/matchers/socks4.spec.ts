import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { socks4 } from '../../../src/sniff/matchers/socks4.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const CONNECT = '\x04\x01\x00\x50\xc0\x00\x02\x07';
const CONNECT_BY_NAME = '\x04\x01\x00\x50\x00\x00\x00\x01';

const bad: [name: string, text: string][] = [
  ['another version', '\x05'],
  ['command 0, as CQL v4 has it', '\x04\x00'],
  ['command 3', '\x04\x03'],
  ['a control character in the user', `${CONNECT}al\n`],
  ['a user of 256 bytes', CONNECT + 'u'.repeat(256)],
  ['an empty name', `${CONNECT_BY_NAME}u\x00\x00`],
  ['a control character in the name', `${CONNECT_BY_NAME}\x00example\x7f`],
  ['a name of 256 bytes', `${CONNECT_BY_NAME}\x00${'h'.repeat(256)}`],
];

matcherContract('socks4', socks4(), {
  yes: simpleFlights.socks4,
  no: [
    ...flightsBesides('socks4'),
    ...bad.map(([name, text]) => ({ name, bytes: latin1(`${text} and more\x00\x00`) })),
  ],
});

describe('socks4', () => {
  it.each(bad)('refuses %s at its last byte', (_, text) => {
    expect(feed(socks4(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(socks4(), [latin1(text)])).toBe('no');
  });

  it('tells the command, the address, the port and the user', () => {
    expect(feed(socks4(), [latin1(`${CONNECT}alice\x00`)])).toEqual({
      meta: { command: 'connect', host: '192.0.2.7', port: 80, userId: 'alice' },
    });
  });

  it('tells the name that a SOCKS4a client asks for, instead of the address that stands for it', () => {
    expect(feed(socks4(), [latin1('\x04\x02\x1f\x90\x00\x00\x00\x09\x00ftp.example\x00')])).toEqual({
      meta: { command: 'bind', host: 'ftp.example', port: 8080, userId: '' },
    });
  });

  it('takes 0.0.0.0 for an address, not for the mark of a name', () => {
    expect(feed(socks4(), [latin1('\x04\x02\x00\x15\x00\x00\x00\x00\x00')])).toMatchObject({
      meta: { host: '0.0.0.0' },
    });
  });

  it('decides on the longest request at its byte 520', () => {
    const longest = latin1(`${CONNECT_BY_NAME}${'u'.repeat(255)}\x00${'h'.repeat(255)}\x00`);
    expect(longest).toHaveLength(520);
    expect(feed(socks4(), [longest.subarray(0, 519)])).toBe('more');
    expect(feed(socks4(), [longest])).toMatchObject({ meta: { host: 'h'.repeat(255) } });
  });
});
