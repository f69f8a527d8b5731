import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { amqp } from '../../../src/sniff/matchers/amqp.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const bad: [name: string, text: string][] = [
  ['a lower-case name', 'a'],
  ['an access list', 'AC'],
  ['protocol id 4', 'AMQP\x04'],
  ['AMQP 0-8', 'AMQP\x01\x01\x08'],
  ['AMQP 0-9 without the 1', 'AMQP\x00\x00\x09\x00'],
  ['AMQP 1.0.1', 'AMQP\x00\x01\x00\x01'],
  ['TLS with another version', 'AMQP\x02\x00'],
  ['text', 'AMQP '],
];

matcherContract('amqp', amqp(), {
  yes: simpleFlights.amqp,
  no: [...flightsBesides('amqp'), ...bad.map(([name, text]) => ({ name, bytes: latin1(`${text}\x00\x00\x00\x00`) }))],
});

describe('amqp', () => {
  it.each(bad)('refuses %s at its last byte', (_, text) => {
    expect(feed(amqp(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(amqp(), [latin1(text)])).toBe('no');
  });

  it.each([
    ['AMQP\x00\x00\x09\x01', { version: '0-9-1', layer: 'amqp' }],
    ['AMQP\x01\x01\x00\x0a', { version: '0-10', layer: 'amqp' }],
    ['AMQP\x00\x01\x00\x00', { version: '1.0', layer: 'amqp' }],
    ['AMQP\x02\x01\x00\x00', { version: '1.0', layer: 'tls' }],
    ['AMQP\x03\x01\x00\x00', { version: '1.0', layer: 'sasl' }],
  ])('is sure at byte 8 of %j and tells the version', (text, meta) => {
    expect(feed(amqp(), [latin1(text.slice(0, 7))])).toBe('more');
    expect(feed(amqp(), [latin1(text)])).toEqual({ meta });
  });
});
