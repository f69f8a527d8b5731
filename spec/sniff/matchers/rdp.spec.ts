import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rdp } from '../../../src/sniff/matchers/rdp.js';
import { byteByByte, feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

/** A connection request around this variable part, with the right lengths. */
function request(payload: Uint8Array): Uint8Array {
  const length = 11 + payload.length;
  return Uint8Array.of(3, 0, length >>> 8, length & 0xff, length - 5, 0xe0, 0, 0, 0, 0, 0, ...payload);
}

const refused: [string, Uint8Array][] = [
  ['TPKT of another version', hex('02')],
  ['TPKT with the reserved byte set', hex('0301')],
  ['a packet of 10 bytes', hex('0300000a')],
  ['a packet of 260 bytes', hex('03000104')],
  ['a packet of 512 bytes', hex('030002')],
  ['a length indicator that differs', hex('0300000b 07')],
  ['another kind of TPDU', hex('0300000b 06 d0')],
  ['a reference of the server', hex('0300000b 06 e0 0001')],
  ['a reference of the client', hex('0300000b 06 e0 0000 01')],
  ['class 2', hex('0300000b 06 e0 0000 0000 20')],
  ['case 55: a payload that is a lone CR', request(hex('0d'))],
  ['case 55: a payload that ends in a lone CR', request(hex('436f6f6b69653a20 0d'))],
  ['case 55: a CR before another byte', request(hex('6d73 0d78'))],
  ['a line without its end', request(hex('6d7374'))],
  ['a control character in the line', request(hex('6d 00 0d0a')).subarray(0, 13)],
  ['a negotiation request that is too short', request(hex('01'))],
  ['half a negotiation request behind a line', request(hex('6d 0d0a 01 00 08')).subarray(0, 15)],
  ['another structure behind a line', request(hex('6d 0d0a 02 00 0800 03000000')).subarray(0, 15)],
  ['a negotiation request of another length', request(hex('01 00 0900 03000000')).subarray(0, 14)],
  ['bytes behind the negotiation request', request(hex('01 00 0800 03000000 00')).subarray(0, 12)],
];

matcherContract('rdp', rdp(), {
  yes: binaryFlights.rdp,
  no: [
    ...binaryFlightsBesides('rdp'),
    ...flightsBesides('ssh').filter(({ name }) => !name.includes('RDP')),
    ...refused.map(([name, bytes]) => ({ name, bytes })),
  ],
});

describe('rdp', () => {
  it.each<[number, object]>([
    [0, { cookie: 'mstshash=eltons', protocols: 3 }],
    [1, { cookie: 'mstshash=eltons' }],
    [2, { cookie: 'tsv://MS Terminal Services Plugin.1.Farm', protocols: 3 }],
    [3, { protocols: 11 }],
    [4, {}],
    [5, { protocols: 3 }],
    [6, { cookie: 'm'.repeat(246) }],
  ])('tells cookie and protocols of flight %d', (index, meta) => {
    expect(feed(rdp(), [binaryFlights.rdp[index]?.bytes ?? hex('')])).toEqual({ meta });
  });

  it('reads the cookie as UTF-8 and the protocols with the least byte first', () => {
    const payload = hex('436f6f6b69653a20 6d7374736861 73683d c3a4 0d0a 01 00 0800 000000ff');
    expect(feed(rdp(), [request(payload)])).toEqual({ meta: { cookie: 'mstshash=ä', protocols: 0xff000000 } });
  });

  it.each(refused)('refuses %s at the byte that tells', (_, bytes) => {
    expect(feed(rdp(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(rdp(), [bytes])).toBe('no');
  });

  it('case 55: never throws on a payload of CRs, LFs and whatever else, and decides within it', () => {
    const byte = fc.oneof(fc.constantFrom(0x0d, 0x0a, 0x01, 0x08, 0x00), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 248 }), (payload) => {
        const bytes = request(Uint8Array.from(payload));
        const verdict = feed(rdp(), [bytes]);
        expect(verdict).not.toBe('more');
        expect(isMatch(feed(rdp(), byteByByte(bytes)))).toBe(isMatch(verdict));
      }),
      { numRuns: 2000 },
    );
  });
});
