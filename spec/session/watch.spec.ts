import { describe, expect, test } from '@jest/globals';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { session, type Session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/index.js';
import { log, rawPeer } from './raw-peer.js';
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
    expect([await why(s), seen]).toEqual(['ERR_MUX_TIMEOUT', ['ERR_MUX_TIMEOUT']]);
    expect(clock.timers).toBe(0);
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
    expect(await why(peer.session)).toBe('ERR_MUX_TIMEOUT');
    expect(clock.timers).toBeLessThanOrEqual(1);
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
