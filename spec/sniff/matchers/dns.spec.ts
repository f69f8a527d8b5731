import { describe, expect, it } from '@jest/globals';
import { dns } from '../../../src/sniff/matchers/dns.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

const END = '0000 0000 0000 016100 0001 0001';
const refused: [string, string][] = [
  ['a length of 16', '0010'],
  ['a length of 1280', '05'],
  ['a response', '0013 0001 8100'],
  ['a reserved bit', '0013 0001 0140'],
  ['an error code', '0013 0001 0101'],
  ['an inverse query', '0013 0001 0900'],
  ['an unknown kind of message', '0013 0001 3000'],
  ['no question', '0013 0001 0100 0000'],
  ['two questions', '0013 0001 0100 0002'],
  ['256 questions', '0013 0001 0100 01'],
  ['an answer', '0013 0001 0100 0001 0001'],
  ['a compressed name', '0013 0001 0100 0001 0000 0000 0000 c0'],
  ['a label of 64 bytes', '0100 0001 0100 0001 0000 0000 0000 40'],
  ['a name of 256 bytes', `0110 0001 0100 0001 0000 0000 0000 ${`3f${'61'.repeat(63)}`.repeat(3)} 3e`],
  ['an unknown class', '0013 0001 0100 0001 0000 0000 0000 016100 0001 0002'],
  ['a message shorter than its question', '0012 0001 0100 0001 0000 0000 0000 016100 0001 0001'],
  ['a message longer than its question', '0014 0001 0100 0001 0000 0000 0000 016100 0001 0001'],
  ['a record without room for it', '001d 0001 0100 0001 0000 0000 0001 016100 0001 0001'],
  ['more records than there is room for', '0028 0001 0100 0001 0000 0001 0001 016100 0001 0001'],
];

matcherContract('dns', dns(), {
  yes: binaryFlights.dns,
  no: [
    ...binaryFlightsBesides('dns'),
    ...flightsBesides('ssh'),
    ...refused.map(([name, text]) => ({ name, bytes: hex(`${text} ${END}`) })),
  ],
});

describe('dns', () => {
  it.each<[number, string, number]>([
    [0, 'example.com', 28],
    [1, 'example.com', 1],
    [2, 'example.com', 1],
    [3, '.', 2],
    [4, 'example.com', 252],
    [5, 'example.com', 6],
    [6, 'example.com', 6],
    [7, `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}`, 16],
    [8, 'a', 65],
  ])('case 9: tells name and type of flight %d', (index, name, type) => {
    expect(feed(dns(), [binaryFlights.dns[index]?.bytes ?? hex('')])).toEqual({ meta: { name, type } });
  });

  it('writes names that are no plain text as zone files do', () => {
    const query = hex('001a 0001 0000 0001 0000 0000 0000 08 2e5c410720ff7f7e 00 0001 0001');
    expect(feed(dns(), [query])).toEqual({ meta: { name: '\\.\\\\a\\007\\032\\255\\127~', type: 1 } });
  });

  it('is sure at the end of the question, before its records have come', () => {
    const bytes = binaryFlights.dns[0]?.bytes ?? hex('');
    expect(feed(dns(), [bytes.subarray(0, 30)])).toBe('more');
    expect(feed(dns(), [bytes.subarray(0, 31)])).toEqual({ meta: { name: 'example.com', type: 28 } });
  });

  it.each(refused)('refuses %s at the byte that tells', (_, text) => {
    const bytes = hex(text);
    expect(feed(dns(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(dns(), [bytes])).toBe('no');
  });
});
