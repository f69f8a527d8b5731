import { describe, expect, it } from '@jest/globals';
import { METHODS } from 'node:http';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { latin1 } from '../../../src/sniff/matcher.js';
import { http1Fast } from '../../../src/sniff/matchers/http1-fast.js';
import { byteByByte, feed, matcherContract, somewhere } from '../../conformance/matcher-contract.js';
import { http1Flights, lines, otherFlights, websocketFlights } from '../../vectors/http1.js';

// STOMP and NATS have CONNECT too; NATS goes on with a space.
const NATS = 'an eager NATS client';

matcherContract('http1Fast()', http1Fast(), {
  yes: [...http1Flights, ...websocketFlights],
  no: [
    ...otherFlights.filter(({ name }) => name !== NATS),
    { name: 'case 27: GETAWAY', bytes: lines('GETAWAY x') },
    { name: 'a method in lower case', bytes: lines('get / HTTP/1.1') },
  ],
});

describe('http1Fast', () => {
  const matcher = http1Fast();

  it.each([...METHODS, 'QUERY'])('matches %s at the space behind it, and not before', (method) => {
    const line = latin1(`${method} `);
    expect(feed(matcher, [line.subarray(0, -1)])).toBe('more');
    expect(feed(matcher, [line])).toEqual({ meta: { method } });
    expect(feed(matcher, byteByByte(line))).toEqual({ meta: { method } });
  });

  it.each([
    ['case 29: PROPFIND and PROXY part at their fourth byte', 'PROX'],
    ['HTTP/2 and PROPFIND part at their third byte', 'PRI'],
    ['case 30: PROXY v2 is refused at its NUL', '\r\n\r\n\0'],
    ['a method must end in a space', 'GET\t'],
    ['a method must be known', 'GETA'],
  ])('%s', (_, text) => {
    const bytes = latin1(text);
    expect(feed(matcher, [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(matcher, [bytes])).toBe('no');
  });

  it('knows the methods it is given besides its own', () => {
    const brewing = http1Fast({ methods: ['BREW', 'when'] });
    expect(feed(matcher, [latin1('BREW ')])).toBe('no');
    expect(feed(brewing, [latin1('BREW ')])).toEqual({ meta: { method: 'BREW' } });
    expect(feed(brewing, [latin1('when ')])).toEqual({ meta: { method: 'when' } });
    expect(feed(brewing, [latin1('GET ')])).toEqual({ meta: { method: 'GET' } });
    expect(brewing.firstBytes).toContain('w'.charCodeAt(0));
  });

  it.each(['', 'TWO WORDS', 'GET/', 'PRI', 'CAFÉ', 'A\r\n'])('refuses to take %j for a method', (method) => {
    expect(() => http1Fast({ methods: [method] })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('looks at no empty line twice', () => {
    const first = new HeldBytes(somewhere);
    first.append(latin1('\r\n\r\n'));
    expect(matcher.match(first)).toBe('more');
    // Not that bytes ever change: what was seen must not be seen again.
    first.all.fill(0x78);
    first.append(latin1('GET '));
    expect(matcher.match(first)).toEqual({ meta: { method: 'GET' } });
  });
});
