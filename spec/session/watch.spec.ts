import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { SessionOptions } from '../../src/session/options.js';
import { session, type Session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/index.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, hello, why } from './session-ends.js';

describe.each(CODECS)('the watch over %s', (_name, codec) => {
  test('runs only while there is something to look at', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock });
    expect(clock.timers).toBe(0);
    const stream = peer.session.open({ eager: true });
    log(stream);
    stream.complete();
    await clock.pass(1);
    expect(clock.timers).toBe(1);
    await clock.pass(10_000);
    expect(clock.timers).toBe(1);
    peer.send({ kind: 'end', id: stream.streamId });
    await clock.pass(2000);
    expect([clock.timers, peer.session.streams]).toEqual([0, []]);
  });

  test('gives up a stream that we ended and the peer does not, counted from its last byte', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, lingerTimeoutMs: 5000 });
    const stream = peer.session.open({ eager: true });
    const seen = log(stream);
    stream.complete();
    await clock.pass(4000);
    peer.send({ kind: 'data', id: stream.streamId, bytes: hello });
    await clock.pass(5000);
    expect(seen).toEqual(['hello']);
    await clock.pass(2000);
    expect(seen).toEqual(['hello', 'ERR_MUX_TIMEOUT']);
    expect(peer.session.streams).toEqual([]);
    await clock.pass(2000);
    expect([peer.session._life.isOver, clock.timers]).toEqual([false, 0]);
  });

  test('loses nothing of a stream that we ended and whose reader pauses: the peer has no window to go on', async () => {
    const clock = new Clock();
    const options = codec.traits.credit === 'none' ? { receiveBudgetBytes: 100_000 } : {};
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, lingerTimeoutMs: 5000, ...options });
    const stream = peer.session.open({ eager: true });
    stream.complete();
    await clock.pass(1);
    const { initialWindowBytes, maxPayloadBytes } = codec.traits;
    const total = Math.min(initialWindowBytes, 262_144);
    for (let left = total; left > 0; left -= maxPayloadBytes)
      peer.send({ kind: 'data', id: stream.streamId, bytes: new Uint8Array(Math.min(left, maxPayloadBytes)) });
    await clock.pass(60_000);
    expect(peer.session.streams).toEqual([stream]);
    let read = 0;
    const codes: string[] = [];
    stream.subscribe({
      next: (bytes) => (read += bytes.length),
      error: (error: { readonly code: string }) => codes.push(error.code),
    });
    await clock.pass(4000);
    expect([read, codes]).toEqual([total, []]);
    await clock.pass(4000);
    expect(codes).toEqual(['ERR_MUX_TIMEOUT']);
  });

  /** A session with 50,000 bytes to send over a pipe that holds 1000, and how to take some at the other end. */
  function full(clock: Clock): { s: Session; seen: string[]; take: (bytes: number) => void } {
    const [conn, far] = memoryPipe({ capacityBytes: 1000, chunkBytes: 500 });
    const nothing = (): void => undefined;
    const reading = far._read({ next: nothing, complete: nothing, error: nothing });
    reading.resume();
    const s = session(conn, { codec, role: 'client', keepAlive: false, scheduler: clock, stallTimeoutMs: 5000 });
    arrivals(s);
    const stream = s.open();
    stream.next(new Uint8Array(50_000));
    return { s, seen: log(stream), take: (bytes) => reading.consumed(bytes) };
  }

  test('session case 48: ends a session whose transport takes nothing', async () => {
    const clock = new Clock();
    const { s, seen } = full(clock);
    await clock.pass(4999);
    expect([s._life.isOver, seen]).toEqual([false, []]);
    await clock.pass(2001);
    const { error } = await firstValueFrom(s.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_TIMEOUT', scope: 'session', initiator: 'library' });
    expect([seen, clock.timers]).toEqual([['ERR_MUX_TIMEOUT'], 0]);
  });

  test('leaves a session alone whose transport takes a little at a time', async () => {
    const clock = new Clock();
    const { s, take } = full(clock);
    for (let n = 0; n < 20; n++) {
      await clock.pass(1000);
      take(500);
    }
    expect(s._life.isOver).toBe(false);
  });

  test('session case 53: ends a session that half a frame came of', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, frameTimeoutMs: 5000 });
    peer.sendHex(codec.traits.heartbeat.by === 'signal' ? `0${codec.traits.credit === 'none' ? 1 : 2} 03` : '00 00');
    await clock.pass(4999);
    expect(peer.session._life.isOver).toBe(false);
    await clock.pass(2001);
    const { error } = await firstValueFrom(peer.session.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_TIMEOUT', scope: 'session', initiator: 'remote' });
    expect(clock.timers).toBeLessThanOrEqual(1);
  });

  test('does not count half a frame against the peer while we read nothing', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, frameTimeoutMs: 5000 });
    peer.sendHex(codec.traits.heartbeat.by === 'signal' ? `0${codec.traits.credit === 'none' ? 1 : 2} 03` : '00 00');
    await clock.pass(1);
    peer.session._life.onHold('unread', true);
    await clock.pass(20_000);
    expect(peer.session._life.isOver).toBe(false);
    peer.session._life.onHold('unread', false);
    await clock.pass(7000);
    expect(await why(peer.session)).toBe('ERR_MUX_TIMEOUT');
  });
});

describe.each(CODECS.filter(([, { traits }]) => traits.credit !== 'none'))(
  'a peer of %s that has ended and takes no more of the reply',
  (_name, codec) => {
    const { initialWindowBytes, firstId, reset } = codec.traits;
    const id = firstId.client;

    /** Whether the reply is still to be sent; the limits are 2 and 10 seconds. */
    function replying(clock: Clock): { readonly peer: RawPeer; readonly isWaiting: () => boolean } {
      const peer = rawPeer({ codec, role: 'server', scheduler: clock, stallTimeoutMs: 2000, writeTimeoutMs: 10_000 });
      const streams = arrivals(peer.session);
      peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello }, { kind: 'end', id });
      const [stream] = streams;
      stream?.subscribe({ error: () => undefined });
      stream?.next(new Uint8Array(2 * initialWindowBytes));
      return { peer, isWaiting: () => (stream?.bufferedBytes ?? 0) > 0 && peer.session.streams.length === 1 };
    }

    const [limit, name] = reset === 'none' ? [2000, 'stallTimeoutMs'] : [10_000, 'writeTimeoutMs'];

    test(`is given up after ${name}, no earlier`, async () => {
      const clock = new Clock();
      const { peer, isWaiting } = replying(clock);
      await clock.pass(limit - 1);
      expect(isWaiting()).toBe(true);
      await clock.pass(2001);
      expect([isWaiting(), peer.session.streams, peer.session._life.isOver]).toEqual([false, [], false]);
      expect(peer.frames.at(-1)?.kind).toBe(reset === 'none' ? 'end' : 'reset');
    });

    test('is not given up before there is a reply to take, which may be late', async () => {
      const clock = new Clock();
      const peer = rawPeer({ codec, role: 'server', scheduler: clock, stallTimeoutMs: 2000, lingerTimeoutMs: 10_000 });
      const streams = arrivals(peer.session);
      peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello }, { kind: 'end', id });
      await clock.pass(60_000);
      streams[0]?.next(hello);
      await clock.pass(1);
      expect(peer.frames.filter(({ kind }) => kind === 'data')).toEqual([{ kind: 'data', id, bytes: hello }]);
    });

    test(`is given more than ${name} while nothing is read: credit can't arrive`, async () => {
      const clock = new Clock();
      const { peer, isWaiting } = replying(clock);
      await clock.pass(1);
      peer.session._life.onHold('unread', true);
      await clock.pass(60_000);
      expect(isWaiting()).toBe(true);
      peer.session._life.onHold('unread', false);
      await clock.pass(limit + 2000);
      expect(isWaiting()).toBe(false);
    });

    test('is left to the limit of a transport that takes nothing', async () => {
      const clock = new Clock();
      const options = { stallTimeoutMs: 60_000, lingerTimeoutMs: 5000 };
      const peer = rawPeer({ codec, role: 'server', scheduler: clock, ...options });
      const streams = arrivals(peer.session);
      peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello }, { kind: 'end', id });
      peer.session._life.core.conn._drained = () => () => undefined;
      peer.session._life.core.conn._writeAll = () => false;
      const seen = log(streams[0] as MuxStream);
      streams[0]?.next(hello);
      streams[0]?.next(new Uint8Array(2 * initialWindowBytes));
      await clock.pass(50_000);
      expect([seen.at(-1), peer.session.streams]).toEqual(['complete', streams]);
    });

    test(`and takes a little in less than ${name} keeps it`, async () => {
      const clock = new Clock();
      const { peer, isWaiting } = replying(clock);
      await clock.pass(1);
      for (let n = 1; n <= 5; n++) {
        await clock.pass(limit - 1000);
        expect(isWaiting()).toBe(true);
        // In whichever way the wire tells credit.
        peer.send({ kind: 'credit', id, increment: 100, consumed: 100 * n, window: initialWindowBytes });
      }
    });
  },
);

describe.each(CODECS)('short limits of %s', (_name, codec) => {
  const options = (name: string, limitMs: number, scheduler: Clock): SessionOptions => ({
    codec,
    role: 'client',
    scheduler,
    [name]: limitMs,
  });

  /** When it ended, in milliseconds from now. */
  async function endOf(clock: Clock, isOver: () => boolean): Promise<number> {
    const from = clock.now();
    while (!isOver() && clock.now() - from < 20_000) await clock.pass(1);
    return clock.now() - from;
  }

  type Case = readonly [name: string, begin: (peer: RawPeer) => () => boolean];

  const halfAType: Case = [
    'frameTimeoutMs',
    (peer) => {
      const id = codec.traits.firstId.server;
      peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: new Uint8Array(2) });
      return () => peer.session.streams.length === 0;
    },
  ];

  const noCredit: Case = [
    'writeTimeoutMs',
    (peer) => {
      const stream = peer.session.open();
      log(stream);
      stream.next(new Uint8Array(2 * codec.traits.initialWindowBytes));
      return () => stream.isOver;
    },
  ];

  const cases: readonly Case[] = [
    [
      'frameTimeoutMs',
      (peer) => {
        peer.sendHex(
          codec.traits.heartbeat.by === 'signal' ? `0${codec.traits.credit === 'none' ? 1 : 2} 03` : '00 00',
        );
        return () => peer.session._life.isOver;
      },
    ],
    [
      'lingerTimeoutMs',
      (peer) => {
        const stream = peer.session.open({ eager: true });
        log(stream);
        stream.complete();
        return () => stream.isOver;
      },
    ],
    [
      'stallTimeoutMs',
      (peer) => {
        peer.session._life.core.conn._drained = () => () => undefined;
        peer.session._life.core.conn._writeAll = () => false;
        peer.session.open().next(hello);
        return () => peer.session._life.isOver;
      },
    ],
    ...(codec.traits.credit === 'none' ? [] : [noCredit]),
    ...(codec.traits.streamType === 'prefix' ? [halfAType] : []),
  ];

  test.each(cases.flatMap(([name, begin]) => [1, 50, 300, 1500].map((limitMs) => [name, limitMs, begin] as const)))(
    '%s of %i ms acts within a quarter as much again: in five looks, four of which make a limit',
    async (name, limitMs, begin) => {
      const clock = new Clock();
      const isOver = begin(rawPeer(options(name, limitMs, clock)));
      const took = await endOf(clock, isOver);
      expect(took).toBeGreaterThanOrEqual(limitMs);
      expect(took).toBeLessThanOrEqual(5 * Math.ceil(limitMs / 4));
    },
  );

  test('leave to grown windows the seconds that they have', async () => {
    const clock = new Clock();
    const { core } = rawPeer(options('frameTimeoutMs', 40, clock)).session._life;
    const stream = core.stream(true, 1);
    let looks = 0;
    stream.window.rest = () => ++looks < 5;
    Object.defineProperty(stream.window, 'hasGrown', { get: () => looks < 5 });
    stream.streamId = codec.traits.firstId.client;
    core.table.add(stream);
    core.rules.onGrown();
    await clock.pass(4500);
    expect(looks).toBe(4);
    await clock.pass(1000);
    expect(looks).toBe(5);
  });
});

test('a frame that takes long to come whole, and comes, is no reason to end', async () => {
  const clock = new Clock();
  const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: clock, frameTimeoutMs: 3000 });
  for (const hex of ['00', '02', '00', '01', '00', '00', '00', '00', '00', '00', '00', '07']) {
    peer.sendHex(hex);
    await clock.pass(2000);
  }
  expect(peer.frames).toEqual([{ kind: 'pong', value: 7 }]);
  await clock.pass(2000);
  expect([peer.session._life.isOver, clock.timers]).toEqual([false, 0]);
});
