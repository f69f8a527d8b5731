import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { anyOf } from '../../../src/sniff/matchers/any-of.js';
import { named } from '../../../src/sniff/matchers/named.js';
import { prefix } from '../../../src/sniff/matchers/prefix.js';
import { feed, matcherContract, type Flight } from '../../conformance/matcher-contract.js';
import { flightsBesides, foreignFlights, simpleFlights } from '../../vectors/text-and-simple.js';

const flight = (text: string): Flight => ({ name: JSON.stringify(text), bytes: latin1(text) });

matcherContract('prefix', prefix('SSH-2.0-', 'SSH-1.99-'), { yes: simpleFlights.ssh, no: flightsBesides('ssh') });

matcherContract('prefix of bytes and text, one inside the other', prefix('AB', Uint8Array.of(0, 0xff), 'A', 'é!'), {
  yes: ['A', 'AB', 'AC', 'ABC', '\x00\xff', '\xe9!'].map(flight),
  no: [...foreignFlights, ...['B', '\x00', '\x00\xfe', '\xe9', '\xe9?', 'aB'].map(flight)],
});

describe('prefix', () => {
  it.each(['X', 'SX', 'SSH-3', 'SSH-2.0_'])('refuses at the last byte of %j', (text) => {
    const matcher = prefix('SSH-2.0-');
    expect(feed(matcher, [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(matcher, [latin1(text)])).toBe('no');
  });

  it('tells the signature as it was given', () => {
    const magic = Uint8Array.of(1, 2, 3);
    expect(feed(prefix('GET ', magic), [latin1('GET /')])).toEqual({ meta: { prefix: 'GET ' } });
    expect(feed(prefix('GET ', magic), [magic])).toEqual({ meta: { prefix: magic } });
  });

  it('waits for the longer signature given first, and takes the shorter one when no more comes', () => {
    const matcher = prefix('AB', 'A');
    expect(feed(matcher, [latin1('A')])).toBe('more');
    expect(feed(matcher, [latin1('A')], true)).toEqual({ meta: { prefix: 'A' } });
    expect(feed(matcher, [latin1('A'), latin1('B')])).toEqual({ meta: { prefix: 'AB' } });
    expect(feed(matcher, [latin1('A'), latin1('C')])).toEqual({ meta: { prefix: 'A' } });
  });

  it('keeps its signature when the caller changes the bytes afterwards', () => {
    const magic = Uint8Array.of(1, 2);
    const matcher = prefix(magic);
    magic.fill(9);
    expect(feed(matcher, [Uint8Array.of(1, 2)])).toHaveProperty('meta');
  });

  it('knows the bytes that its flights begin with', () => {
    expect(prefix('SSH-2.0-', 'SSH-1.99-', 'AMQP', Uint8Array.of(0xff)).firstBytes).toEqual([0x53, 0x41, 0xff]);
  });

  it.each(['XY', 'PFIND /x', 'XY TCP4'])('case 29: after "PRO", %j decides between PROXY and PROPFIND', (rest) => {
    const either = anyOf(named('proxy', prefix('PROXY ')), named('http1', prefix('PROPFIND ', 'PROPPATCH ')));
    const expected = rest.startsWith('XY') ? 'proxy' : 'http1';
    expect(feed(either, [latin1('PRO')])).toBe('more');
    expect(feed(either, [latin1('PRO'), latin1(`${rest} `)])).toMatchObject({ protocol: expected });
  });

  it('case 29: after "PR", "I * " is HTTP/2', () => {
    const either = anyOf(
      named('proxy', prefix('PROXY ')),
      named('http1', prefix('PROPFIND ')),
      named('http2', prefix('PRI * ')),
    );
    expect(feed(either, [latin1('PR'), latin1('I * ')])).toMatchObject({ protocol: 'http2' });
  });

  it.each([[[]], [['']], [['ok', new Uint8Array(0)]], [['a\u0100']], [['\u{1f600}']]])(
    'throws ERR_MUX_OPTION for %j',
    (signatures: (string | Uint8Array)[]) => {
      expect(() => prefix(...signatures)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );
});
