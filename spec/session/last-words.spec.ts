import { describe, expect, test } from '@jest/globals';
import { Duplex } from 'node:stream';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { session, type Session } from '../../src/session/session.js';
import type { SessionClosed } from '../../src/session/session-closed.js';
import type { Codec } from '../../src/wire/codec.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { bytesOf } from './abuse/hostile.js';
import { arrivals, Clock, CODECS, turn } from './session-ends.js';

const SECOND = 1000;
const BYTES = 30_000;

interface Slow {
  readonly s: Session;
  readonly conn: Conn;
  readonly clock: Clock;
  /** Bytes of data that got through, and kinds of all frames. */
  readonly got: () => number;
  readonly kinds: readonly string[];
  /** How the session ended, and when. */
  readonly closed: (SessionClosed & { readonly at: number })[];
  /** How the connection ended for the peer. */
  readonly ends: string[];
  readonly far: Conn;
  /** So many seconds pass, in each of which the link carries so many bytes. */
  readonly pass: (seconds: number, bytesASecond: number) => Promise<void>;
}

/** A server at the end of a link that holds 1000 bytes, with a reply to a stream that the peer has ended. */
async function slow(codec: Codec, ends = true): Promise<Slow> {
  const clock = new Clock();
  const [far, conn] = memoryPipe({ capacityBytes: 1000, chunkBytes: 500 });
  let got = 0;
  const kinds: string[] = [];
  const decoder = codec.decoder(
    new FrameTap((frame) => {
      kinds.push(frame.kind);
      if (frame.kind === 'data') got += frame.bytes.length;
    }),
  );
  const told: string[] = [];
  const reading = far._read({
    next: (bytes) => {
      decoder.push(bytes);
    },
    complete: () => {
      told.push('complete');
      if (ends) far.complete();
    },
    error: ({ code }) => told.push(code),
  });
  reading.resume();
  const s = session(conn, { codec, role: 'server', keepAlive: false, scheduler: clock, stallTimeoutMs: 20 * SECOND });
  const closed: Slow['closed'] = [];
  s.closed$.subscribe((how) => closed.push({ ...how, at: clock.now() }));
  const streams = arrivals(s);
  const id = codec.traits.firstId.client;
  const body = { kind: 'data', id, bytes: new Uint8Array(4) } as const;
  far._write(bytesOf(codec, { kind: 'open', id }, body, { kind: 'end', id }));
  const [stream] = streams;
  if (stream === undefined) throw new Error('no stream was accepted');
  stream.subscribe();
  stream.next(new Uint8Array(BYTES));
  stream.complete();
  await turn();
  return {
    s,
    conn,
    clock,
    got: () => got,
    kinds,
    closed,
    ends: told,
    far,
    async pass(seconds, bytesASecond) {
      for (let n = 0; n < seconds; n++) {
        reading.consumed(bytesASecond);
        await clock.pass(SECOND);
      }
    },
  };
}

const WAYS: readonly (readonly [name: string, end: (s: Session) => void])[] = [
  ['close with a minute', (s) => s.close({ timeoutMs: 60 * SECOND })],
  ['goAway', (s) => s.goAway()],
];

describe.each(CODECS)('the last bytes of a session of %s, over a slow link', (_name, codec) => {
  const said = codec.traits.goAway === 'none' ? [] : ['goAway'];

  describe.each(WAYS)('after %s', (_way, end) => {
    test('leave to the last one, however slowly, before the connection ends in good order', async () => {
      const { s, conn, got, kinds, closed, ends, pass } = await slow(codec);
      end(s);
      await pass(10, 1000);
      expect([closed, ends, conn.bufferedBytes > 0]).toEqual([[], [], true]);
      await pass(25, 1000);
      expect([got(), kinds.filter((kind) => said.includes(kind))]).toEqual([BYTES, said]);
      expect([ends, closed.map(({ error }) => error?.code)]).toEqual([['complete'], [undefined]]);
      expect(closed[0]?.initiator).toBe('local');
    });

    test('give the peer 5 seconds for its own end, counted from when all of them have left', async () => {
      const { s, conn, got, clock, closed, ends, pass } = await slow(codec, false);
      end(s);
      await pass(35, 1000);
      expect([got(), conn.bufferedBytes]).toEqual([BYTES, 0]);
      const before = clock.now();
      await pass(6, 0);
      expect(closed.map(({ error, initiator }) => [error?.code, initiator])).toEqual([[undefined, 'library']]);
      expect(closed[0]?.at).toBeGreaterThan(before - 5 * SECOND);
      expect(ends[0]).toBe('complete');
      expect(clock.timers).toBe(0);
    });

    test('that do not move for stallTimeoutMs end it with an error, not in good order', async () => {
      const { s, closed, clock, pass } = await slow(codec);
      end(s);
      await pass(5, 1000);
      await pass(18, 0);
      expect(closed).toEqual([]);
      await pass(5, 0);
      expect(closed.map(({ error }) => error?.code)).toEqual(['ERR_MUX_TIMEOUT']);
      expect(clock.timers).toBe(0);
    });
  });

  test('wait for as long as the peer is heard, though it takes none of them', async () => {
    const { s, closed, far, pass } = await slow(codec);
    s.goAway();
    for (let n = 0; n < 6; n++) {
      await pass(10, 0);
      far._write(bytesOf(codec, { kind: 'end', id: codec.traits.firstId.client + 2 }));
    }
    expect(closed).toEqual([]);
    await pass(23, 0);
    expect(closed.map(({ error }) => error?.code)).toEqual(['ERR_MUX_TIMEOUT']);
  });

  describe.each([
    ['', false],
    [', also after goAway', true],
  ])('have as long as close allows between one and the next%s', (_after, isLeaving) => {
    test('and all the time that they need, however long that is', async () => {
      const { s, got, closed, ends, pass } = await slow(codec);
      if (isLeaving) s.goAway();
      s.close({ timeoutMs: 3 * SECOND });
      for (let n = 0; n < 16; n++) {
        await pass(1, 0);
        await pass(1, 2000);
      }
      expect([got(), ends, closed.map(({ error }) => error?.code)]).toEqual([BYTES, ['complete'], [undefined]]);
    });

    test('and are cut off with an error when none leaves', async () => {
      const { s, got, closed, ends, clock, pass } = await slow(codec);
      if (isLeaving) s.goAway();
      s.close({ timeoutMs: 10 * SECOND });
      await pass(9, 1000);
      expect(closed).toEqual([]);
      const from = clock.now();
      await pass(9, 0);
      expect(closed).toEqual([]);
      await pass(2, 0);
      expect(closed).toMatchObject([{ error: { code: 'ERR_MUX_TIMEOUT' } }]);
      expect(closed[0]?.at).toBeLessThanOrEqual(from + 11 * SECOND);
      expect(got()).toBeLessThan(BYTES);
      expect([ends, clock.timers]).toEqual([['ERR_MUX_RESET'], 0]);
    });
  });

  describe.each(WAYS)('after %s and the end of the peer', (_way, end) => {
    test('still leave to the last one', async () => {
      const { s, conn, got, clock, ends, far, pass } = await slow(codec, false);
      end(s);
      far.complete();
      await pass(35, 1000);
      expect([got(), ends, conn.bufferedBytes, clock.timers]).toEqual([BYTES, ['complete'], 0, 0]);
    });

    test('keep the connection of a peer that reads no more for stallTimeoutMs, not for ever', async () => {
      // As a socket does whose peer has shut down its side, and stays.
      const duplex = new Duplex({ read: () => undefined, write: () => undefined });
      duplex.on('error', () => undefined);
      const clock = new Clock();
      const options = { keepAlive: false, scheduler: clock, stallTimeoutMs: 20 * SECOND } as const;
      const s = session(fromDuplex(duplex), { codec, role: 'client', ...options });
      const stream = s.open();
      stream.subscribe({ error: () => undefined });
      stream.next(new Uint8Array(1000));
      await turn();
      end(s);
      duplex.push(null);
      await clock.pass(18 * SECOND);
      expect([s._life.isOver, duplex.destroyed]).toEqual([true, false]);
      await clock.pass(5 * SECOND);
      expect([duplex.destroyed, clock.timers]).toEqual([true, 0]);
    });
  });

  test('have all left when the limit of close runs out: the peer still has its 5 seconds', async () => {
    const { s, got, closed, pass, far } = await slow(codec, false);
    await pass(28, 1000);
    s.close({ timeoutMs: 4 * SECOND });
    await pass(6, 1000);
    expect([got(), closed]).toEqual([BYTES, []]);
    far.complete();
    await turn();
    expect(closed.map(({ error, initiator }) => [error?.code, initiator])).toEqual([[undefined, 'local']]);
  });

  test('have no limit after goAway while some of them leave now and then', async () => {
    const { s, got, closed, pass } = await slow(codec);
    s.goAway();
    for (let n = 0; n < 15; n++) {
      await pass(9, 0);
      await pass(1, 1000);
      expect(closed).toEqual([]);
    }
    await pass(20, 1000);
    expect([got(), closed.map(({ error }) => error?.code)]).toEqual([BYTES, [undefined]]);
  });
});
