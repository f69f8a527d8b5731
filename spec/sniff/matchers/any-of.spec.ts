import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { latin1, type Matcher, type Prompt } from '../../../src/sniff/matcher.js';
import { amqp } from '../../../src/sniff/matchers/amqp.js';
import { any } from '../../../src/sniff/matchers/any.js';
import { anyOf } from '../../../src/sniff/matchers/any-of.js';
import { mqtt } from '../../../src/sniff/matchers/mqtt.js';
import { named } from '../../../src/sniff/matchers/named.js';
import { prefix } from '../../../src/sniff/matchers/prefix.js';
import { redis } from '../../../src/sniff/matchers/redis.js';
import { regexp } from '../../../src/sniff/matchers/regexp.js';
import { serverFirst } from '../../../src/sniff/matchers/server-first.js';
import { socks4 } from '../../../src/sniff/matchers/socks4.js';
import { socks5 } from '../../../src/sniff/matchers/socks5.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { xmpp } from '../../../src/sniff/matchers/xmpp.js';
import {
  byteByByte,
  feed,
  isMatch,
  matcherContract,
  somewhere,
  type Flight,
} from '../../conformance/matcher-contract.js';
import { foreignFlights, simpleFlights } from '../../vectors/text-and-simple.js';

const everyone: readonly Matcher[] = [ssh(), socks4(), socks5(), redis(), mqtt(), amqp(), xmpp()];
const flights: Readonly<Record<string, readonly Flight[]>> = simpleFlights;

matcherContract('anyOf', anyOf(...everyone), { yes: Object.values(flights).flat(), no: foreignFlights });

describe('anyOf', () => {
  it.each(everyone)('case 4: each flight of $protocol is claimed by that matcher alone', ({ protocol }) => {
    for (const { bytes } of flights[protocol] ?? []) {
      const claimants = everyone.filter((matcher) => isMatch(feed(matcher, [bytes], true)));
      expect(claimants.map((matcher) => matcher.protocol)).toEqual([protocol]);
      for (const pieces of [[bytes], byteByByte(bytes)]) {
        for (const inOrder of [everyone, everyone.toReversed()]) {
          expect(feed(anyOf(...inOrder), pieces)).toMatchObject({ protocol });
        }
      }
    }
  });

  it('case 5: a flight cut short and ended belongs to its own protocol or to nobody', () => {
    for (const [protocol, own] of Object.entries(flights)) {
      for (const { bytes } of own) {
        for (let k = 0; k < bytes.length; k++) {
          const verdict = feed(anyOf(...everyone), [bytes.subarray(0, k)], true);
          if (typeof verdict === 'object') expect(verdict).toMatchObject({ protocol });
        }
      }
    }
  });

  it('case 6: 200,000 random blobs of 0 to 64 bytes are all answered, and none throws', () => {
    const matcher = anyOf(...everyone);
    const firstBytes = [...(matcher.firstBytes ?? [])];
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let answered = 0;
    for (let i = 0; i < 200_000; i++) {
      const bytes = Uint8Array.from({ length: random(65) }, () => random(256));
      // Every other blob gets past the first byte of somebody.
      if (i % 2 === 0 && bytes.length > 0) bytes[0] = firstBytes[random(firstBytes.length)] ?? 0;
      if (['string', 'object'].includes(typeof feed(matcher, [bytes], true))) answered++;
    }
    expect(answered).toBe(200_000);
  });

  it('asks in order, and holds a yes while an earlier matcher may still match', () => {
    const matcher = anyOf(named('long', prefix('AB')), named('short', prefix('A')));
    expect(feed(matcher, [latin1('A')])).toBe('more');
    expect(feed(matcher, [latin1('A'), latin1('B')])).toEqual({ protocol: 'long', meta: { prefix: 'AB' } });
    expect(feed(matcher, [latin1('A'), latin1('C')])).toEqual({ protocol: 'short', meta: { prefix: 'A' } });
  });

  it('passes over one that waits when nothing has come, and never else', () => {
    const matcher = anyOf(named('long', prefix('AB')), named('short', prefix('A')));
    expect(feed(matcher, [latin1('A')], true)).toBe('more');
    expect(feed(anyOf(prefix('AB'), any()), [], true)).toMatchObject({ protocol: 'any' });
    expect(feed(anyOf(prefix('AB'), any()), [latin1('A')], true)).toBe('more');
  });

  it('does not ask the matchers behind the first yes', () => {
    let asked = 0;
    const counting: Matcher = { protocol: 'counting', match: () => (asked++, 'no') };
    feed(anyOf(any(), counting), [latin1('x')]);
    expect(asked).toBe(0);
    feed(anyOf(counting, any()), [latin1('x')]);
    expect(asked).toBe(1);
  });

  it('tells the innermost name', () => {
    const matcher = anyOf(redis(), anyOf(ssh(), mqtt()));
    expect(feed(matcher, [latin1('SSH-2.0-')])).toEqual({ protocol: 'ssh', meta: { version: '2.0' } });
    expect(matcher.protocol).toBe('redis|ssh|mqtt');
  });

  it('begins as any of its matchers may, which is anyhow when one does not say', () => {
    expect(anyOf(ssh(), amqp(), prefix('S', 'T')).firstBytes).toEqual([0x53, 0x41, 0x54]);
    expect(anyOf(ssh(), regexp(/x/))).not.toHaveProperty('firstBytes');
  });

  it('case 57: may answer without a read when one of its matchers may', () => {
    expect(anyOf(ssh(), redis()).zeroRead).toBe(false);
    expect(anyOf(ssh(), any()).zeroRead).toBe(true);
    expect(feed(anyOf(any(), ssh()), [])).toMatchObject({ protocol: 'any' });
    expect(feed(anyOf(ssh(), any()), [])).toBe('more');
  });

  it('prompts as the first of its matchers that prompts', () => {
    const prompt = (afterMs: number): Prompt => ({
      afterMs,
      bytes: latin1('?'),
      isAwaited: () => true,
      isAnswered: () => false,
      filter: () => ({ done: true, push: (chunk) => chunk, flush: () => new Uint8Array(0) }),
    });
    expect(anyOf(ssh(), { ...redis(), prompt: prompt(1) }, { ...mqtt(), prompt: prompt(2) }).prompt?.afterMs).toBe(1);
    expect(anyOf(ssh(), redis())).not.toHaveProperty('prompt');
  });

  it('shows its matchers one and the same first bytes, so they share a parser', () => {
    const create = (): object => ({});
    const parsers = new Set<object>();
    const parsing = (protocol: string): Matcher => ({
      protocol,
      match: (first) => (parsers.add(first.parser(create)), 'no'),
    });
    const held = new HeldBytes(somewhere);
    held.append(latin1('x'));
    anyOf(parsing('a'), parsing('b')).match(held);
    expect(parsers.size).toBe(1);
  });

  it('case 58: lets the throw of a matcher through, for sniff to report', () => {
    const faulty: Matcher = {
      protocol: 'faulty',
      match() {
        throw new RangeError('boom');
      },
    };
    expect(() => feed(anyOf(faulty, any()), [latin1('x')])).toThrow('boom');
  });

  it('finds the same protocol in any order of matchers that share no flight', () => {
    const someone = fc.constantFrom(
      ...Object.entries(flights).flatMap(([protocol, own]) => own.map((f) => ({ protocol, ...f }))),
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...everyone], { minLength: everyone.length }),
        someone,
        (inOrder, { protocol, bytes }) => {
          expect(feed(anyOf(...inOrder), byteByByte(bytes))).toMatchObject({ protocol });
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([[[]], [[ssh(), serverFirst('smtp', { after: 1 })]]])(
    'throws ERR_MUX_OPTION for %j',
    (matchers: Matcher[]) => {
      expect(() => anyOf(...matchers)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );
});
