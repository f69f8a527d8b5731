import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { redis } from '../../../src/sniff/matchers/redis.js';
import { feed, matcherContract, type Flight } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const flight = (text: string): Flight => ({ name: JSON.stringify(text), bytes: latin1(text) });

// Refused at the last byte.
const bad = [
  '+',
  '*0',
  '*-',
  '*\r',
  '*1\n',
  '*1\rx',
  '*12345678',
  '*1\r\n*',
  '*1\r\n:',
  '*1\r\n$0',
  '*1\r\n$-',
  '*1\r\n$4\n',
  '*1\r\n$1234567890',
  '*1\r\n$4\r\nPI ',
  '*1\r\n$4\r\n\x00',
  '*1\r\n$4\r\nPIN\xff',
];
const lines = [
  'PING\r\n',
  'ping\n',
  'Info replication\r\n',
  'AUTH secret\r\n',
  'QUIT\r\n',
  'echo hi\r\n',
  'hello  2 SETNAME x\r\n',
  'PING hello\r\n',
  'HELLO 3\r\n',
  'SELECT 0\r\n',
];
// Refused at the last byte even where lines are allowed.
const badLines = [
  'PX',
  'PINGX',
  'PING\rx',
  'PING\t',
  'IN\r',
  'SEL\n',
  'SEA',
  'AUTHE',
  'G',
  'HEL ',
  'hello\n',
  'hello\r',
  'hello t',
  'select a',
  'info\n',
  'echo\r',
  'auth  \n',
];

matcherContract('redis', redis(), {
  yes: simpleFlights.redis,
  no: [...flightsBesides('redis'), ...bad.map((text) => flight(`${text}\r\n`)), ...lines.map(flight)],
});

matcherContract('redis with inline commands', redis({ inline: true }), {
  yes: [...simpleFlights.redis, ...lines.map(flight)],
  no: [...flightsBesides('redis'), ...[...bad, ...badLines].map((text) => flight(`${text}\r\n`))],
});

describe('redis', () => {
  it.each([
    ...bad.map((text) => ({ text, inline: false })),
    ...[...bad, ...badLines].map((text) => ({ text, inline: true })),
  ])('refuses at the last byte of $text (inline: $inline)', ({ text, inline }) => {
    expect(feed(redis({ inline }), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(redis({ inline }), [latin1(text)])).toBe('no');
  });

  it('refuses a plain command at its first byte unless told to take it', () => {
    expect(feed(redis(), [latin1('P')])).toBe('no');
  });

  it('tells the command in upper case', () => {
    expect(feed(redis(), [latin1('*1\r\n$4\r\nping')])).toEqual({ meta: { command: 'PING' } });
    expect(feed(redis({ inline: true }), [latin1('info replication')])).toEqual({ meta: { command: 'INFO' } });
  });

  it('reads a command that ends at byte 32, and does without a longer one as soon as its length is known', () => {
    expect(feed(redis(), [latin1(`*1\r\n$23\r\n${'x'.repeat(23)}`)])).toEqual({ meta: { command: 'X'.repeat(23) } });
    expect(feed(redis(), [latin1('*1\r\n$24\r\n')])).toEqual({ meta: {} });
  });
});
