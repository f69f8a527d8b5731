import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeldBytes } from '../../src/sniff/held-bytes.js';
import type { Endpoints, Matcher, Verdict } from '../../src/sniff/matcher.js';

/** The first bytes of a client of some protocol, as it really sends them. */
export interface Flight {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export const somewhere: Endpoints = {
  remoteAddress: '192.0.2.1',
  remotePort: 50000,
  localAddress: '192.0.2.2',
  localPort: 80,
  meta: {},
};

/** Feeds `pieces` one after another as a connection would; the first definite verdict stands. */
export function feed(
  matcher: Matcher,
  pieces: readonly Uint8Array[],
  final = false,
  conn = somewhere,
): Verdict<unknown> {
  const held = new HeldBytes(conn);
  for (const piece of pieces) {
    held.append(piece);
    const verdict = matcher.match(held);
    if (verdict !== 'more') return verdict;
  }
  held.final = final;
  return final || pieces.length === 0 ? matcher.match(held) : 'more';
}

export const byteByByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

export const isMatch = (verdict: Verdict<unknown>): boolean => typeof verdict === 'object';

/**
 * What every matcher must keep: it finds its own flights however they are cut, refuses the others' for good however
 * they are cut, never throws on a truncated or mutated flight, and its `firstBytes` hold.
 */
export function matcherContract(
  name: string,
  matcher: Matcher,
  { yes, no }: { readonly yes: readonly Flight[]; readonly no: readonly Flight[] },
): void {
  describe(`${name} keeps the matcher contract`, () => {
    it.each(yes)('matches $name at once, byte by byte, and at every split', ({ bytes }) => {
      const whole = feed(matcher, [bytes], true);
      expect(isMatch(whole)).toBe(true);
      expect(feed(matcher, byteByByte(bytes), true)).toEqual(whole);
      for (let k = 1; k < bytes.length; k++) {
        expect(feed(matcher, [bytes.subarray(0, k), bytes.subarray(k)], true)).toEqual(whole);
      }
    });

    it.each(no)('refuses $name at once, byte by byte, and at every split', ({ bytes }) => {
      expect(isMatch(feed(matcher, [bytes], true))).toBe(false);
      for (const pieces of [
        byteByByte(bytes),
        ...Array.from(bytes, (_, k) => [bytes.subarray(0, k), bytes.subarray(k)]),
      ]) {
        expect(isMatch(feed(matcher, pieces, true))).toBe(false);
      }
    });

    it('never throws on a truncated flight', () => {
      for (const { bytes } of [...yes, ...no]) {
        for (let k = 0; k <= bytes.length; k++) {
          expect(() => feed(matcher, [bytes.subarray(0, k)], true)).not.toThrow();
        }
      }
    });

    it('never throws on mutated flights and random bytes', () => {
      const flights = [...yes, ...no].map((f) => f.bytes);
      const mutated = fc
        .tuple(fc.constantFrom(...flights), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
        .map(([bytes, changes]) => {
          const copy = Uint8Array.from(bytes);
          for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
          return copy;
        });
      fc.assert(
        fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), (bytes) => {
          // How the network cut the bytes must not change the answer.
          expect(isMatch(feed(matcher, byteByByte(bytes), true))).toBe(isMatch(feed(matcher, [bytes], true)));
        }),
        { numRuns: 500 },
      );
    });

    it('declares every first byte of its flights', () => {
      const { firstBytes } = matcher;
      if (firstBytes === undefined) return;
      for (const { bytes } of yes) expect(firstBytes).toContain(bytes[0]);
      for (let byte = 0; byte < 256; byte++) {
        if (!firstBytes.includes(byte)) expect(feed(matcher, [Uint8Array.of(byte)])).toBe('no');
      }
    });
  });
}
