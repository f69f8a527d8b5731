import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, hello, why } from './session-ends.js';

const SECOND = 1000;
const WITH_CREDIT = CODECS.filter(([, { traits }]) => traits.credit !== 'none');

describe.each(WITH_CREDIT)('a stream of %s whose peer grants no credit', (_name, codec) => {
  const { initialWindowBytes, firstId, reset, streamType } = codec.traits;
  const id = firstId.client;

  interface Blocked {
    readonly peer: RawPeer;
    readonly stream: MuxStream;
    /** Bytes that wait for credit. */
    readonly waiting: number;
    /** The code of the error that the stream ended with. */
    readonly why: () => string | undefined;
    /** Credit for so many bytes more, in whichever way the wire tells it. */
    readonly grant: (bytes: number) => void;
  }

  /** A stream with more to send than its window lets through. The other limits are an hour. */
  function blocked(clock: Clock, opener: 'ours' | 'theirs', writeTimeoutMs?: number): Blocked {
    const hour = 3600 * SECOND;
    const role = opener === 'ours' ? 'client' : 'server';
    const options = { codec, role, scheduler: clock, stallTimeoutMs: hour, lingerTimeoutMs: hour } as const;
    const peer = rawPeer(writeTimeoutMs === undefined ? options : { ...options, writeTimeoutMs });
    const streams = arrivals(peer.session);
    if (opener === 'theirs') peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello });
    const stream = opener === 'ours' ? peer.session.open() : (streams[0] as MuxStream);
    stream.subscribe({ error: () => undefined });
    let code: string | undefined;
    stream.closed$.subscribe(({ error }) => (code = error?.code));
    stream.next(new Uint8Array(2 * initialWindowBytes));
    // A stream type goes ahead of what is written.
    const waiting = initialWindowBytes + (opener === 'ours' && streamType === 'prefix' ? 4 : 0);
    let granted = 0;
    const grant = (bytes: number): void => {
      granted += bytes;
      peer.send({ kind: 'credit', id, increment: bytes, consumed: granted, window: initialWindowBytes });
    };
    return { peer, stream, waiting, why: () => code, grant };
  }

  const sides = [
    ['with both sides open', () => undefined],
    ['that we have ended', ({ stream }: Blocked) => stream.complete()],
    ['that the peer has ended', ({ peer }: Blocked) => peer.send({ kind: 'end', id })],
  ] as const;
  // With smux a peer that has ended may have gone for good: its limit is stallTimeoutMs.
  const held = reset === 'none' ? sides.slice(0, 2) : sides;

  test.each(held.flatMap(([name, end]) => (['ours', 'theirs'] as const).map((opener) => [name, opener, end] as const)))(
    '%s, of %s, is reset after writeTimeoutMs, no earlier, and nothing of it is kept',
    async (_side, opener, end) => {
      const clock = new Clock();
      const it = blocked(clock, opener, 10 * SECOND);
      const { peer, stream, waiting } = it;
      end(it);
      await clock.pass(10 * SECOND - 1);
      expect([stream.isOver, stream.bufferedBytes]).toEqual([false, waiting]);
      await clock.pass(2 * SECOND + 1);
      expect([stream.isOver, stream.bufferedBytes, it.why()]).toEqual([true, 0, 'ERR_MUX_TIMEOUT']);
      expect(peer.frames.at(-1)?.kind).toBe(reset === 'none' ? 'end' : 'reset');
      await clock.pass(2 * SECOND);
      expect([peer.session.streams, peer.session._life.isOver, clock.timers]).toEqual([[], false, 0]);
    },
  );

  test('is reset after 5 minutes where no option says otherwise', async () => {
    const clock = new Clock();
    const { stream } = blocked(clock, 'ours');
    await clock.pass(300 * SECOND - 1);
    expect(stream.isOver).toBe(false);
    await clock.pass(2 * SECOND);
    expect(stream.isOver).toBe(true);
  });

  test('lives while the peer takes a byte now and then', async () => {
    const clock = new Clock();
    const { stream, waiting, grant } = blocked(clock, 'ours', 10 * SECOND);
    for (let n = 0; n < 10; n++) {
      await clock.pass(9 * SECOND);
      grant(1);
    }
    await clock.pass(1);
    expect([stream.isOver, stream.bufferedBytes]).toEqual([false, waiting - 10]);
  });

  test('has no time running once all is taken, and a new one with the next write that waits', async () => {
    const clock = new Clock();
    const { stream, waiting, grant } = blocked(clock, 'ours', 10 * SECOND);
    await clock.pass(9 * SECOND);
    grant(waiting);
    await clock.pass(2 * SECOND);
    expect([stream.bufferedBytes, clock.timers]).toEqual([0, 0]);
    await clock.pass(60 * SECOND);
    stream.next(hello);
    await clock.pass(10 * SECOND - 1);
    expect(stream.isOver).toBe(false);
    await clock.pass(2 * SECOND + 1);
    expect(stream.isOver).toBe(true);
  });
});

describe.each(CODECS)('a connection of %s that takes nothing, and whose peer is heard', (_name, codec) => {
  /** A session whose transport holds 1000 bytes, of which the other end takes as many as it is asked to. */
  function full(clock: Clock) {
    const [conn, far] = memoryPipe({ capacityBytes: 1000, chunkBytes: 500 });
    const nothing = (): void => undefined;
    const reading = far._read({ next: nothing, complete: nothing, error: nothing });
    reading.resume();
    const limits = { stallTimeoutMs: 2 * SECOND, writeTimeoutMs: 10 * SECOND };
    const s = session(conn, { codec, role: 'client', keepAlive: false, scheduler: clock, ...limits });
    arrivals(s);
    s.open().next(new Uint8Array(50_000));
    return { s, reading };
  }

  test('ends its session after writeTimeoutMs', async () => {
    const clock = new Clock();
    const { s } = full(clock);
    await clock.pass(1);
    for (let n = 0; n < 14; n++) {
      // As if a frame had come.
      s._life.core.bytesRead++;
      await clock.pass(SECOND);
      if (n === 8) expect(s._life.isOver).toBe(false);
    }
    expect(await why(s)).toBe('ERR_MUX_TIMEOUT');
    expect(clock.timers).toBe(0);
  });

  test('lives while it takes a little', async () => {
    const clock = new Clock();
    const { s, reading } = full(clock);
    for (let n = 0; n < 30; n++) {
      s._life.core.bytesRead++;
      await clock.pass(SECOND);
      if (n % 8 === 7) reading.consumed(500);
    }
    expect(s._life.isOver).toBe(false);
  });
});
