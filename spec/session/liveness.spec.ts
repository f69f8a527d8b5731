import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Conn } from '../../src/conn/conn.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { SessionOptions } from '../../src/session/options.js';
import { session, type Session } from '../../src/session/session.js';
import { statsOf } from '../../src/session/stats.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { smux, yamux } from '../../src/wire/index.js';
import { hostile, tells, type Hostile } from './abuse/hostile.js';
import { rawPeer } from './raw-peer.js';
import { Clock, CODECS, turn, why } from './session-ends.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A clock that can tell another time than the one its timers go by: a set clock, or a process that was suspended. */
class SetClock extends Clock {
  #offset = 0;

  constructor() {
    super();
    this.now = () => this.frame + this.#offset;
  }

  jump(ms: number): void {
    this.#offset += ms;
  }
}

interface Pair {
  readonly client: Session;
  readonly server: Session;
  readonly clocks: { readonly client: SetClock; readonly server: SetClock };
}

/** Two sessions with heartbeats, each with a clock of its own. */
function pair(codec: Codec, clocks = { client: new SetClock(), server: new SetClock() }): Pair {
  const [near, far] = memoryPipe();
  return {
    client: session(near, { codec, role: 'client', scheduler: clocks.client }),
    server: session(far, { codec, role: 'server', scheduler: clocks.server }),
    clocks,
  };
}

/** Time passes for both, second by second. */
async function pass({ clocks }: Pair, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += SECOND) {
    await clocks.client.pass(SECOND);
    await clocks.server.pass(SECOND);
  }
}

const isAlive = ({ _life }: Session): boolean => !_life.isOver;

describe.each(CODECS)('heartbeats of %s', (_name, codec) => {
  const { intervalMs, timeoutMs } = codec.traits.heartbeat;

  test.each(['client', 'server'] as const)(
    'session case 57: a %s that was suspended for a minute asks again before it takes its peer for dead',
    async (suspended) => {
      const both = pair(codec);
      await pass(both, 10 * SECOND);
      // Its timers stand still, then the one that is late comes once, before anything that arrived meanwhile is read.
      both.clocks[suspended].jump(MINUTE);
      await both.clocks[suspended].pass(intervalMs);
      expect([both.client, both.server].map(isAlive)).toEqual([true, true]);
      await pass(both, 10 * MINUTE);
      expect([both.client, both.server].map(isAlive)).toEqual([true, true]);
    },
  );

  test('session case 57: the late tick sends a beat, and only as much silence as it can have seen is counted', async () => {
    const clock = new SetClock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, keepAlive: {} });
    await clock.pass(intervalMs);
    peer.send({ kind: 'end', id: codec.traits.firstId.server });
    const before = peer.sent().length;
    clock.jump(HOUR);
    await clock.pass(intervalMs);
    expect(peer.sent().length).toBeGreaterThan(before);
    expect(peer.session._life.isOver).toBe(false);
  });

  test('session case 57: a peer that went dead without a word is found in the time that is configured', async () => {
    const peer = hostile({ codec, keepAlive: {} });
    const ended: number[] = [];
    peer.victim.closed$.subscribe(() => ended.push(peer.clock.now()));
    await peer.clock.pass(2 * timeoutMs);
    expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
    expect(ended[0]).toBeGreaterThanOrEqual(timeoutMs);
    expect(ended[0]).toBeLessThanOrEqual(timeoutMs + intervalMs / 4);
    expect(tells(peer.error(), timeoutMs)).toBe(true);
    expect(tells(peer.error(), ended[0] ?? 0)).toBe(true);
  });

  /** A client in the middle of an upload to a peer that takes nothing more. */
  function stuckUpload(options: Partial<SessionOptions>): { readonly peer: Hostile; readonly ended: number[] } {
    const peer = hostile({ codec, role: 'client', reads: false, ...options });
    const stream = peer.victim.open();
    stream.subscribe({ error: () => undefined });
    while (stream._write(new Uint8Array(16_384)));
    void turn().then(() => {
      while (!stream.isOver && stream._write(new Uint8Array(16_384)));
    });
    const ended: number[] = [];
    peer.victim.closed$.subscribe(() => ended.push(peer.clock.now()));
    return { peer, ended };
  }

  test.each([
    ['its own times', {}, intervalMs, timeoutMs],
    ['3 seconds', { intervalMs: SECOND, timeoutMs: 3 * SECOND }, SECOND, 3 * SECOND],
  ])(
    'session case 57: a peer that goes dead in the middle of an upload is found as an idle one is: %s',
    async (_times, keepAlive, beatMs, limitMs) => {
      const { peer, ended } = stuckUpload({ keepAlive, stallTimeoutMs: 60 * SECOND });
      await peer.clock.pass(2 * MINUTE);
      expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
      expect(ended[0]).toBeGreaterThanOrEqual(limitMs);
      expect(ended[0]).toBeLessThanOrEqual(limitMs + beatMs / 4);
    },
  );

  test('session case 57: without heartbeats it is found by the transport, in 30 seconds', async () => {
    const { peer, ended } = stuckUpload({ keepAlive: false });
    await peer.clock.pass(2 * MINUTE);
    expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
    expect(ended[0]).toBeGreaterThanOrEqual(30 * SECOND);
    expect(ended[0]).toBeLessThanOrEqual(31 * SECOND);
  });

  test.each([
    ['with heartbeats', { intervalMs: SECOND, timeoutMs: 3 * SECOND }],
    ['without heartbeats', false],
  ] as const)('a peer that takes nothing for two minutes and is heard is alive, %s', async (_with, keepAlive) => {
    const { peer, ended } = stuckUpload({ keepAlive });
    for (let passed = 0; passed < 2 * MINUTE; passed += 2 * SECOND) {
      await peer.clock.pass(2 * SECOND);
      peer.send({ kind: 'end', id: codec.traits.firstId.server });
    }
    expect([ended, peer.victim.streams.length]).toEqual([[], 1]);
    // From its last word on it has as long as any other.
    const last = peer.clock.now();
    await peer.clock.pass(2 * MINUTE);
    const limitMs = keepAlive === false ? 30 * SECOND : keepAlive.timeoutMs;
    expect((ended[0] ?? 0) - last).toBeGreaterThanOrEqual(limitMs);
    expect((ended[0] ?? 0) - last).toBeLessThanOrEqual(limitMs + 2 * SECOND);
  });

  test.each([HOUR, -HOUR])('session case 58: a clock set by %i ms ends no session', async (ms) => {
    const both = pair(codec);
    await pass(both, MINUTE);
    both.clocks.client.jump(ms);
    await pass(both, MINUTE);
    both.clocks.server.jump(ms);
    await pass(both, 5 * MINUTE);
    expect([both.client, both.server].map(isAlive)).toEqual([true, true]);
  });

  test.each([HOUR, -HOUR])('session case 58: a clock set by %i ms makes no limit late, and none early', async (ms) => {
    const clock = new SetClock();
    const peer = hostile({ codec, scheduler: clock, keepAlive: {} });
    await clock.pass(SECOND);
    peer.write(Uint8Array.of(codec.firstBytes[0] ?? 0));
    await clock.pass(5 * SECOND);
    clock.jump(ms);
    await clock.pass(5 * SECOND);
    expect(peer.error()).toBeUndefined();
    await clock.pass(2 * SECOND);
    expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
  });
});

test('session case 58: after a clock was set back, what a peer is allowed comes back as before', async () => {
  const codec = yamux();
  const clock = new SetClock();
  const peer = hostile({ codec, scheduler: clock, junkRate: { burst: 10, perSecond: 10 } });
  const pings = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) peer.send({ kind: 'ping', value: n });
    await turn();
  };
  await pings(10);
  clock.jump(-HOUR);
  await clock.pass(SECOND);
  expect(peer.error()).toBeUndefined();
  // The jump itself earns nothing, and is forgotten with the first look.
  await pings(1);
  expect(peer.error()?.code).toBe('ERR_MUX_CALM');
  const other = hostile({ codec, scheduler: clock, junkRate: { burst: 10, perSecond: 10 } });
  for (let n = 0; n < 10; n++) other.send({ kind: 'ping', value: n });
  await clock.pass(SECOND);
  for (let n = 0; n < 10; n++) other.send({ kind: 'ping', value: n });
  await turn();
  expect(other.error()).toBeUndefined();
  expect(other.replies.get('pong')).toBe(20);
});

describe('the clock of the system', () => {
  const spied = jest.spyOn(Date, 'now');
  afterEach(() => {
    spied.mockReset();
  });

  test.each([HOUR, -HOUR])(
    'session case 58: set by %i ms while a ping is on its way, tells no such round trip',
    async (ms) => {
      const start = 1_700_000_000_000;
      spied.mockReturnValue(start);
      const peer = rawPeer({ codec: yamux(), role: 'client' });
      const samples: number[] = [];
      peer.session.ping().subscribe((sample) => samples.push(sample));
      await turn();
      spied.mockReturnValue(start + ms);
      peer.send({ kind: 'pong', value: 1 });
      expect(samples).toHaveLength(1);
      expect(samples[0]).toBeGreaterThanOrEqual(0);
      expect(samples[0]).toBeLessThan(MINUTE);
      peer.session.error('done');
      peer.end();
    },
  );
});

test('smux 1: two ends that wait for their own readers, and so hear nothing and take nothing, are both alive', async () => {
  const both = pair(smux());
  const streams: MuxStream[] = [];
  for (const side of [both.client, both.server]) side.accept$.subscribe((stream) => streams.push(stream));
  // More than both budgets and all that is on its way between them.
  for (const side of [both.client, both.server]) writesForever(side.open());
  await pass(both, 10 * MINUTE);
  expect([both.client, both.server].map(isAlive)).toEqual([true, true]);
  expect([both.client, both.server].map(({ _life }) => _life.core.writer.isBlocked)).toEqual([true, true]);
  expect(streams).toHaveLength(2);
});

const LINK_BYTES_PER_SECOND = 125_000;
const TICK_MS = 100;

/** A link of 1 Mbit/s from `from` to `to`: what arrived is passed on as time allows, and the sender held back meanwhile. */
function link(from: Conn, to: Conn, clock: Clock): void {
  const queue: Uint8Array[] = [];
  const reading = from._read({ next: (bytes) => queue.push(bytes), complete: () => undefined, error: () => undefined });
  reading.resume();
  clock.schedule(function tick() {
    let left = (LINK_BYTES_PER_SECOND * TICK_MS) / 1000;
    for (let bytes = queue.shift(); bytes !== undefined; bytes = left > 0 ? queue.shift() : undefined) {
      const passed = bytes.subarray(0, left);
      if (passed.length < bytes.length) queue.unshift(bytes.subarray(left));
      to._write(passed);
      reading.consumed(passed.length);
      left -= passed.length;
    }
    this.schedule(undefined, TICK_MS);
  }, TICK_MS);
}

function writesForever(stream: MuxStream): void {
  const chunk = new Uint8Array(16_384);
  const write = (): void => {
    while (!stream.isOver && stream._write(chunk));
    if (!stream.isOver) stream._drained(write);
  };
  write();
}

test.each(CODECS)(
  'session case 56: a stream of %s that fills a link of 1 Mbit/s for 10 minutes makes no heartbeat of 3 seconds late',
  async (_name, codec) => {
    const clock = new Clock();
    const [near, nearEnd] = memoryPipe();
    const [farEnd, far] = memoryPipe();
    link(nearEnd, farEnd, clock);
    link(farEnd, nearEnd, clock);
    const options = { codec, scheduler: clock, keepAlive: { intervalMs: 3 * SECOND, timeoutMs: 6 * SECOND } } as const;
    const client = session(near, { ...options, role: 'client' });
    const server = session(far, { ...options, role: 'server' });
    const ends: (string | undefined)[] = [];
    for (const side of [client, server]) void why(side).then((code) => ends.push(code));
    let read = 0;
    server.accept$.subscribe({
      next: (stream) => stream.subscribe({ next: (bytes) => (read += bytes.length), error: () => undefined }),
      error: () => undefined,
    });
    const samples: number[] = [];
    client.rtt$.subscribe((sample) => samples.push(sample));
    writesForever(client.open());
    await clock.pass(10 * MINUTE);
    expect(ends).toEqual([]);
    expect(read).toBeGreaterThan(0.95 * LINK_BYTES_PER_SECOND * 600);
    // A beat waits for what was handed over before it: one flush, and what the link holds.
    const queueMs = ((262_144 + 2 * 65_536) / LINK_BYTES_PER_SECOND) * 1000;
    expect(Math.max(0, ...samples)).toBeLessThan(queueMs + 3 * TICK_MS);
    expect(samples.length).toBeGreaterThanOrEqual(codec.traits.heartbeat.by === 'signal' ? 0 : 198);
    expect(statsOf(server._life.core).heldBytes).toBeLessThan(32_000_000);
    client.error('done');
    await turn();
  },
);
