import { describe, expect, it } from '@jest/globals';
import { kafka } from '../../../src/sniff/matchers/kafka.js';
import { postgres, type PostgresKind } from '../../../src/sniff/matchers/postgres.js';
import { byteByByte, feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

const unwanted = ([name, text]: [string, string]) => ({ name, bytes: hex(text) });

matcherContract('postgres', postgres(), {
  yes: binaryFlights.postgres,
  no: [
    ...binaryFlightsBesides('postgres'),
    ...flightsBesides('ssh').filter(({ name }) => !name.includes('PostgreSQL')),
    ...(
      [
        ['an SSLRequest of 9 bytes', '00000009 04d2162f 00'],
        ['an unknown request', '00000008 04d21631'],
        ['a CancelRequest of 15 bytes', '0000000f 04d2162e 0000a2c4 5b1e77'],
        ['a CancelRequest of 269 bytes', `0000010d 04d2162e 0000a2c4 ${'00'.repeat(257)}`],
        ['a StartupMessage 2.0', '00000010 00020000 7573657200 6100 00'],
        ['a StartupMessage 4.0', '00000010 00040000 7573657200 6100 00'],
        ['a StartupMessage without a user', '00000014 00030000 646174616261736500 6100 00'],
        ['a StartupMessage without parameters', '00000009 00030000 00'],
        ['a StartupMessage that ends before the list does', '00000008 00030000 7573657200 6100 00'],
        ['a list that does not end', '0000000f 00030000 7573657200 6100 00'],
        ['a list that ends too soon', '00000011 00030000 7573657200 6100 00 00'],
        ['a name without a value', '0000000e 00030000 7573657200 00'],
        ['a value without its end', '0000000f 00030000 7573657200 6161'],
        ['a control character in a name', '00000015 00030000 7573657200 6100 6f0700 7800 00'],
        ['a message of 10,001 bytes', '00002711 00030000 7573657200 6161'],
      ] satisfies [string, string][]
    ).map(unwanted),
  ],
});

describe('postgres', () => {
  it.each<[string, PostgresKind]>([
    ['00000008 04d2162f', 'ssl'],
    ['00000008 04d21630', 'gssenc'],
    ['00000010 04d2162e', 'cancel'],
    ['00000030 04d2162e', 'cancel'],
  ])('case 53: is sure at the last of %s that it is %s', (text, kind) => {
    const bytes = hex(text);
    expect(feed(postgres(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(postgres(), [bytes])).toEqual({ meta: { kind } });
  });

  it('case 53: tells version and parameters of a start-up', () => {
    const [, , , , , startup30, startup32] = binaryFlights.postgres;
    expect(feed(postgres(), [startup30?.bytes ?? hex('')])).toEqual({
      meta: {
        kind: 'startup',
        protocolVersion: '3.0',
        parameters: { user: 'app', database: 'shop', application_name: 'psql' },
      },
    });
    expect(feed(postgres(), [startup32?.bytes ?? hex('')])).toEqual({
      meta: { kind: 'startup', protocolVersion: '3.2', parameters: { user: 'äda', database: 'x' } },
    });
  });

  it('takes a parameter called __proto__ for what it is, a name', () => {
    const verdict = feed(postgres(), [hex('0000001c 00030000 5f5f70726f746f5f5f00 7800 7573657200 6100 00')]);
    const parameters = typeof verdict === 'object' ? (verdict.meta as { parameters: object }).parameters : {};
    expect(Object.entries(parameters)).toEqual([
      ['__proto__', 'x'],
      ['user', 'a'],
    ]);
  });

  it('takes a start-up of 10,000 bytes, one by one', () => {
    const bytes = hex(`00002710 00030000 7573657200 ${'61'.repeat(9985)}00 00`);
    expect(isMatch(feed(postgres(), byteByByte(bytes)))).toBe(true);
  });

  it.each(['01', '0001', '000028', '00000007', '00002711', '00000008 05', '00000010 0002', '00000010 0004'])(
    'refuses %s at its last byte',
    (text) => {
      const bytes = hex(text);
      expect(feed(postgres(), [bytes.subarray(0, -1)])).toBe('more');
      expect(feed(postgres(), [bytes])).toBe('no');
    },
  );

  it.each<[PostgresKind, number]>([
    ['ssl', 0],
    ['gssenc', 1],
    ['cancel', 2],
    ['startup', 5],
  ])('matches only %s when asked for it', (kind, index) => {
    binaryFlights.postgres.forEach(({ bytes }) => {
      const verdict = feed(postgres({ kinds: [kind] }), [bytes], true);
      const known = feed(postgres(), [bytes], true);
      const isKind = typeof known === 'object' && (known.meta as { kind: string }).kind === kind;
      expect(verdict).toEqual(isKind ? known : 'no');
    });
    expect(isMatch(feed(postgres({ kinds: [kind] }), [binaryFlights.postgres[index]?.bytes ?? hex('')]))).toBe(true);
  });

  it('case 54: tells a start-up 3.0 from a Metadata v0 of Kafka at the ninth byte, and Kafka does too', () => {
    const [startup, metadata] = [hex('00000036 00030000 75'), hex('00000036 00030000 00')];
    expect([feed(postgres(), [startup]), feed(kafka(), [startup])]).toEqual(['more', 'no']);
    expect([feed(postgres(), [metadata]), feed(kafka(), [metadata])]).toEqual(['no', 'more']);
  });
});
