import { describe, expect, it } from '@jest/globals';
import { kafka } from '../../../src/sniff/matchers/kafka.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

const refused: [string, string][] = [
  ['a size of 9', '00000009'],
  ['a size of 16 MiB', '01'],
  ['the API key of Fetch', '0000000e 0001'],
  ['an API key between those known', '0000000e 0010'],
  ['an API key above those known', '0000000e 0013'],
  ['version 21', '0000000e 0012 0015'],
  ['version 256', '0000000e 0012 01'],
  ['case 54: a Metadata with text for a correlation id', '0000000e 0003 0000 75'],
  ['a client id of 250 bytes', '00000200 0012 0000 00000000 00fa'],
  ['a client id longer than the request', '0000000e 0012 0000 00000000 0005'],
  ['a client id of length -2', '0000ffff 0012 0000 00000000 fffe'],
];

matcherContract('kafka', kafka(), {
  yes: binaryFlights.kafka,
  no: [
    ...binaryFlightsBesides('kafka'),
    ...flightsBesides('ssh'),
    ...refused.map(([name, text]) => ({ name, bytes: hex(`${text} ${'00'.repeat(300)}`) })),
  ],
});

describe('kafka', () => {
  it.each<[number, object]>([
    [0, { apiKey: 18, apiVersion: 3, clientId: 'rdkafka' }],
    [1, { apiKey: 18, apiVersion: 2, clientId: 'shop' }],
    [2, { apiKey: 3, apiVersion: 0, clientId: 'rdkafka' }],
    [3, { apiKey: 3, apiVersion: 0 }],
    [4, { apiKey: 17, apiVersion: 1, clientId: 'shop' }],
    [5, { apiKey: 18, apiVersion: 0, clientId: '' }],
    [6, { apiKey: 18, apiVersion: 0, clientId: 'c'.repeat(249) }],
  ])('tells request and client id of flight %d', (index, meta) => {
    expect(feed(kafka(), [binaryFlights.kafka[index]?.bytes ?? hex('')])).toEqual({ meta });
  });

  it('is sure after 14 bytes without a client id', () => {
    const bytes = hex('00000012 0003 0001 00000000 ffff');
    expect(feed(kafka(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(kafka(), [bytes])).toEqual({ meta: { apiKey: 3, apiVersion: 1 } });
  });

  it.each(refused)('refuses %s at the byte that tells', (_, text) => {
    const bytes = hex(text);
    expect(feed(kafka(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(kafka(), [bytes])).toBe('no');
  });
});
