import { describe, expect, test } from '@jest/globals';
import type { SchedulerAction, Subscription } from 'rxjs';
import type { Frame } from '../../src/wire/frame.js';
import { smux, yamux } from '../../src/wire/index.js';
import { hostile } from './abuse/hostile.js';
import { arrivals, Clock, CODECS } from './session-ends.js';

describe.each(CODECS)('a peer of %s that falls silent', (_name, codec) => {
  const { intervalMs, timeoutMs } = codec.traits.heartbeat;
  const phases = [0, 1, intervalMs / 8 + 1, intervalMs / 4 - 1, intervalMs / 2 + 1, intervalMs - 1].map(Math.floor);

  test.each(phases)(
    'session case 57: %i ms after a beat is found within the timeout and a quarter of the interval, and no earlier',
    async (phase) => {
      const peer = hostile({ codec, keepAlive: {} });
      const ended: number[] = [];
      peer.victim.closed$.subscribe(() => ended.push(peer.clock.now()));
      const sign: Frame = { kind: 'end', id: codec.traits.firstId.client };
      await peer.clock.pass(intervalMs);
      peer.send(sign);
      await peer.clock.pass(phase);
      peer.send(sign);
      const last = peer.clock.now();
      await peer.clock.pass(timeoutMs + 3 * intervalMs);
      expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
      const silence = (ended[0] ?? 0) - last;
      expect(silence).toBeGreaterThanOrEqual(timeoutMs);
      expect(silence).toBeLessThanOrEqual(timeoutMs + intervalMs / 4);
      // What the message tells is no more than there was.
      const told = Number(/for (\d+) ms/.exec(peer.error()?.message ?? '')?.[1]);
      expect(told).toBeGreaterThanOrEqual(timeoutMs);
      expect(told).toBeLessThanOrEqual(silence);
    },
  );

  /** When the session ended whose peer gave signs of life at `times`, and no more. */
  async function endAfter(...times: readonly number[]): Promise<number> {
    const peer = hostile({ codec, keepAlive: {} });
    const ended: number[] = [];
    peer.victim.closed$.subscribe(() => ended.push(peer.clock.now()));
    for (const time of times) {
      await peer.clock.pass(time - peer.clock.now());
      expect(peer.error()).toBeUndefined();
      peer.send({ kind: 'end', id: codec.traits.firstId.client });
    }
    await peer.clock.pass(timeoutMs + 3 * intervalMs);
    expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
    return ended[0] ?? 0;
  }

  test.each([1, intervalMs / 16, intervalMs / 8, intervalMs / 4].map(Math.floor))(
    'session case 57: after it spoke up again %i ms before it was too late, has as much time as before',
    async (early) => {
      const last = (await endAfter(intervalMs)) - early;
      const silence = (await endAfter(intervalMs, last)) - last;
      expect(silence).toBeGreaterThanOrEqual(timeoutMs);
      expect(silence).toBeLessThanOrEqual(timeoutMs + intervalMs / 4);
    },
  );
});

/** A clock that keeps what its timers were asked to wait. */
class Asked extends Clock {
  readonly delays: (number | undefined)[] = [];

  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T): Subscription {
    this.delays.push(delay);
    return super.schedule(work, delay, state);
  }
}

test('silence is looked for in whole milliseconds, which are all that timers know, whatever the interval', async () => {
  const scheduler = new Asked();
  const peer = hostile({ codec: yamux(), scheduler, keepAlive: { intervalMs: 1001, timeoutMs: 1301 } });
  await scheduler.pass(1300);
  expect(peer.error()).toBeUndefined();
  await scheduler.pass(3 + 1001 / 4);
  expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
  expect(peer.error()?.message).not.toMatch(/\d\.\d/);
  expect(scheduler.delays.filter((delay) => !Number.isInteger(delay ?? 0))).toEqual([]);
});

test('smux 1: a peer whose beats wait behind what we do not read is no silent peer, and is one when we read again', async () => {
  const codec = smux();
  const { timeoutMs } = codec.traits.heartbeat;
  const peer = hostile({ codec, keepAlive: {}, receiveBudgetBytes: 100_000 });
  const streams = arrivals(peer.victim);
  peer.send({ kind: 'open', id: 3 });
  const bytes = new Uint8Array(32_768);
  for (let n = 0; n < 8; n++) peer.send({ kind: 'data', id: 3, bytes });
  for (let n = 0; n < 12; n++) {
    peer.send({ kind: 'ping', value: 0 });
    await peer.clock.pass(10_000);
  }
  expect(peer.error()).toBeUndefined();
  // Nothing was read past the budget: the beats really did wait.
  expect(peer.stats().framesRead).toBeLessThan(1 + 8);
  let read = 0;
  streams[0]?.subscribe({ next: (chunk) => (read += chunk.length), error: () => undefined });
  await peer.clock.pass(1);
  expect([read, peer.stats().framesRead]).toEqual([8 * bytes.length, 1 + 8 + 12]);
  await peer.clock.pass(2 * timeoutMs);
  expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
});
