import { describe, expect, test } from '@jest/globals';
import type { Frame } from '../../src/wire/frame.js';
import { bytesOf, handlers, hostile, idOf, opening, refusals, type Hostile } from './abuse/hostile.js';
import { CODECS } from './session-ends.js';

const MILLION = 1_000_000;
const RESETS = 1000;
const OPENS = 100_000;
const withReset = CODECS.filter(([, { traits }]) => traits.reset !== 'none');

describe.each(withReset)('resets over %s', (_name, codec) => {
  const id = (n: number): number => idOf(codec, n);
  const perStream = opening(codec, 3).length;

  test('session case 42: a million streams opened and reset end the session at the 1001st, with so many handlers at most', async () => {
    const peer = hostile({ codec });
    const running = handlers(peer);
    await peer.flood(
      MILLION,
      (n) => bytesOf(codec, ...opening(codec, id(n)), { kind: 'reset', id: id(n), code: 7 }),
      100,
    );
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(running()).toBe(RESETS + 1);
    expect(peer.stats()).toMatchObject({ framesRead: (RESETS + 1) * (perStream + 1), inboundStreams: 0, heldBytes: 0 });
  });

  test('session case 42: with time the allowance comes back, a hundred a second', async () => {
    const peer = hostile({ codec });
    const running = handlers(peer);
    for (let second = 0; second < 5; second++) {
      const bytes = (n: number): Uint8Array => {
        const next = id(second * 2000 + n);
        return bytesOf(codec, ...opening(codec, next), { kind: 'reset', id: next, code: 7 });
      };
      await peer.flood(second === 0 ? RESETS : 100, bytes, 50);
      await peer.clock.pass(1000);
    }
    expect(peer.error()).toBeUndefined();
    expect(running()).toBe(RESETS + 400);
  });

  test('session case 43: data after the end makes us reset, and counts in the same bucket as resets', async () => {
    const peer = hostile({ codec });
    handlers(peer);
    const bytes = (n: number): Uint8Array => {
      const late: readonly Frame[] = [
        { kind: 'end', id: id(n) },
        { kind: 'data', id: id(n), bytes: new Uint8Array(8) },
      ];
      const last: readonly Frame[] = n % 2 === 0 ? late : [{ kind: 'reset', id: id(n), code: 7 }];
      return bytesOf(codec, ...opening(codec, id(n)), ...last);
    };
    await peer.flood(OPENS, bytes, 100);
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(peer.stats().accepted).toBe(RESETS + 1);
    expect(refusals(peer)).toBe(RESETS / 2);
  });
});

describe.each(withReset)('readers that leave over %s', (_name, codec) => {
  const id = (n: number): number => idOf(codec, n);
  const COUNT = 20_000;

  /** Answers each stream, and ends it once its peer has. */
  function answering(peer: Hostile): void {
    peer.victim.accept$.subscribe((stream) => {
      stream.subscribe({ complete: () => stream.complete(), error: () => undefined });
      stream.next(new Uint8Array(100));
    });
  }

  /** Opens streams, waits for their answers, and resets those that `leaves` says; ends the others. */
  async function readSome(peer: Hostile, count: number, leaves: (n: number) => boolean): Promise<void> {
    for (let n = 0; n < count && peer.error() === undefined; n += 100) {
      const from = peer.stats().accepted;
      await peer.flood(100, (i) => bytesOf(codec, ...opening(codec, id(from + i))), 100);
      const last = (i: number): Frame =>
        leaves(n + i) ? { kind: 'reset', id: id(from + i), code: 7 } : { kind: 'end', id: id(from + i) };
      await peer.flood(100, (i) => bytesOf(codec, last(i)), 100);
    }
  }

  test('1,150 resets behind an answer are a gateway whose users leave, and with as many ends it lives for ever', async () => {
    const peer = hostile({ codec });
    answering(peer);
    await readSome(peer, 1200, (n) => n < 1150);
    await readSome(peer, COUNT, (n) => n % 2 === 0);
    // Four readers of five may leave.
    await readSome(peer, COUNT, (n) => n % 5 > 0);
    expect(peer.error()).toBeUndefined();
    expect(peer.stats()).toMatchObject({ accepted: 1200 + 2 * COUNT, inboundStreams: 0 });
  });

  test('resets behind one byte of an answer end the session at the 4001st, and 400 a second do not', async () => {
    const peer = hostile({ codec });
    peer.victim.accept$.subscribe((stream) => {
      stream.subscribe({ error: () => undefined });
      stream.next(Uint8Array.of(1));
    });
    await readSome(peer, 4 * RESETS, () => true);
    for (let second = 0; second < 5; second++) {
      await peer.clock.pass(1000);
      await readSome(peer, 400, () => true);
    }
    expect([peer.error(), peer.stats().accepted]).toEqual([undefined, 4 * RESETS + 2000]);
    await readSome(peer, 100, () => true);
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
  });

  test('a stream that went well makes up for one that was reset early, and for no more', async () => {
    const peer = hostile({ codec });
    answering(peer);
    const good = (n: number): Uint8Array => bytesOf(codec, ...opening(codec, id(n)), { kind: 'end', id: id(n) });
    const bad = (n: number): Uint8Array =>
      bytesOf(codec, ...opening(codec, id(n)), { kind: 'reset', id: id(n), code: 7 });
    await peer.flood(COUNT, (n) => (n % 2 === 0 ? good(n) : bad(n)), 100);
    expect([peer.error(), peer.stats().accepted]).toEqual([undefined, COUNT]);
    // Twice as many resets as good ones: each pair costs one.
    await peer.flood(COUNT, (n) => (n % 3 === 0 ? good(COUNT + n) : bad(COUNT + n)), 100);
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(Math.abs(peer.stats().accepted - COUNT - 3 * RESETS)).toBeLessThan(300);
  });
});

test.each(withReset.filter(([, { traits }]) => traits.overflowEnds === 'stream'))(
  'session case 43: credit past the limit makes us reset streams of %s, a thousand times at most',
  async (_name, codec) => {
    const peer = hostile({ codec });
    handlers(peer);
    const bytes = (n: number): Uint8Array => {
      const id = idOf(codec, n);
      return bytesOf(codec, ...opening(codec, id), { kind: 'credit', id, increment: codec.traits.maxWindowBytes });
    };
    await peer.flood(OPENS, bytes, 100);
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(peer.replies.get('reset 3')).toBe(RESETS);
  },
);
