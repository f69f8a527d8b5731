import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { socks5 } from '../../../src/sniff/matchers/socks5.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const bad: [name: string, text: string][] = [
  ['another version', '\x04'],
  ['no method, as CQL v5 has it', '\x05\x00'],
  ['method FF, which only a server says', '\x05\x03\x00\xff'],
];

matcherContract('socks5', socks5(), {
  yes: simpleFlights.socks5,
  no: [...flightsBesides('socks5'), ...bad.map(([name, text]) => ({ name, bytes: latin1(`${text}\x00\x01`) }))],
});

describe('socks5', () => {
  it.each(bad)('refuses %s at its last byte', (_, text) => {
    expect(feed(socks5(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(socks5(), [latin1(text)])).toBe('no');
  });

  it('tells the methods in the order in which the client offers them, and nothing of what follows', () => {
    expect(feed(socks5(), [latin1('\x05\x03\x02\x80\x00\x05\x01')])).toEqual({ meta: { methods: [2, 0x80, 0] } });
  });

  it('decides on the longest greeting at its byte 257', () => {
    const longest = latin1(`\x05\xff${'\x02'.repeat(255)}`);
    expect(feed(socks5(), [longest.subarray(0, 256)])).toBe('more');
    expect(feed(socks5(), [longest])).toMatchObject({ meta: { methods: { length: 255 } } });
  });
});
