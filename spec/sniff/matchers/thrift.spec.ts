import { describe, expect, it } from '@jest/globals';
import { thrift, type ThriftMeta } from '../../../src/sniff/matchers/thrift.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

const refused: [string, string][] = [
  ['another first byte', '81'],
  ['another version of the binary protocol', '80 02'],
  ['a type 0', '80010000'],
  ['a type 5', '80010005'],
  ['a method without a name', '80010001 00000000'],
  ['a name of 256 bytes', '80010001 000001'],
  ['a name of 128 MiB, as a SET of memcached has', '80010003 08'],
  ['a compact reply', '82 41'],
  ['another version of the compact protocol', '82 22'],
  ['a sequence id of six bytes', '82 21 8080808080'],
  ['a compact method without a name', '82 21 01 00'],
  ['a frame of 5 bytes', '00000005'],
  ['another protocol in the frame', '00000020 04'],
  ['another magic', '00000020 0ffe'],
  ['a THeader without headers', '00000020 0fff 0000 00000000 0000'],
  ['headers longer than the frame', '00000020 0fff 0000 00000000 0006'],
  ['a THeader with JSON', '00000020 0fff 0000 00000000 0001 01'],
];

matcherContract('thrift', thrift(), {
  yes: binaryFlights.thrift,
  no: [
    ...binaryFlightsBesides('thrift'),
    ...flightsBesides('ssh'),
    ...refused.map(([name, text]) => ({ name, bytes: hex(`${text} ${'00'.repeat(32)}`) })),
  ],
});

describe('thrift', () => {
  it.each<[number, ThriftMeta['transport'], ThriftMeta['encoding'], number]>([
    [0, 'framed', 'binary', 12],
    [1, 'unframed', 'binary', 8],
    [2, 'unframed', 'binary', 8],
    [3, 'framed', 'compact', 8],
    [4, 'unframed', 'compact', 4],
    [5, 'unframed', 'compact', 4],
    [6, 'unframed', 'compact', 8],
    [7, 'header', 'binary', 15],
    [8, 'header', 'compact', 15],
  ])('takes flight %d for %s and %s after %d bytes', (index, transport, encoding, length) => {
    const bytes = binaryFlights.thrift[index]?.bytes ?? hex('');
    expect(feed(thrift(), [bytes.subarray(0, length - 1)])).toBe('more');
    expect(feed(thrift(), [bytes.subarray(0, length)])).toEqual({ meta: { transport, encoding } });
  });

  it.each(refused)('refuses %s at the byte that tells', (_, text) => {
    const bytes = hex(text);
    expect(feed(thrift(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(thrift(), [bytes])).toBe('no');
  });
});
