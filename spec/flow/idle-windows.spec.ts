import { describe, expect, test } from '@jest/globals';
import type { Reading } from '../../src/conn/reading.js';
import type { ReceiveBudget } from '../../src/flow/receive-budget.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { arrivals, CODECS, ends, hello, type Ends } from '../session/session-ends.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const TICK_MS = 1000;

interface Link extends Ends {
  readonly near: MuxStream;
  readonly far: MuxStream;
  readonly reading: Reading;
  readonly read: () => number;
  readonly budget: ReceiveBudget;
  /** So many bytes go to the server, and time for them. */
  readonly send: (bytes: number) => Promise<void>;
}

/** A stream to a server that reads all that comes, over a fast link of 50 ms. */
async function link(codec: Codec, budget = receiveBudget({ maxBytes: 64 * MIB })): Promise<Link> {
  const options = { keepAlive: { intervalMs: 10_000 }, server: { budget } };
  const joined = ends(codec, options, { latencyMs: 25, capacityBytes: MIB });
  const { client, server, clock } = joined;
  const streams = arrivals(server);
  const near = client.open();
  near.next(hello);
  await clock.pass(100);
  const [far] = streams;
  if (far === undefined) throw new Error('no stream was accepted');
  let read = 0;
  const reading = far._read({
    next: (bytes) => {
      read += bytes.length;
      reading.consumed(bytes.length);
    },
    complete: () => undefined,
    error: () => undefined,
  });
  reading.resume();
  const send = async (bytes: number): Promise<void> => {
    const chunk = new Uint8Array(codec.traits.initialWindowBytes / 4);
    for (let left = bytes; left > 0; left -= chunk.length) near._write(chunk.subarray(0, left));
    await clock.pass(TICK_MS);
  };
  return { ...joined, near, far, reading, read: () => read, budget, send };
}

describe.each(CODECS.filter(([, { traits }]) => traits.credit !== 'none'))(
  'a window of %s that grew',
  (_name, codec) => {
    const { initialWindowBytes } = codec.traits;
    const used = ({ server, budget }: Link): number[] => [
      server._life.core.receiveRoom.own.usedBytes,
      budget.usedBytes,
    ];

    test('and is not used for 5 seconds is as it was at first, and both budgets have the growth back', async () => {
      const joined = await link(codec);
      const { far, clock, send } = joined;
      await send(8 * initialWindowBytes);
      const growth = far.receiveWindowBytes - initialWindowBytes;
      expect(growth).toBeGreaterThan(0);
      expect([joined.read(), used(joined)]).toEqual([hello.length + 8 * initialWindowBytes, [growth, growth]]);
      // The last byte came within this second.
      await clock.pass(3 * TICK_MS);
      expect([far.receiveWindowBytes - initialWindowBytes, used(joined)]).toEqual([growth, [growth, growth]]);
      await clock.pass(4 * TICK_MS);
      expect([far.receiveWindowBytes, used(joined)]).toEqual([initialWindowBytes, [0, 0]]);
      // Nothing is left to look at: the two heartbeats are all that runs.
      expect(clock.timers).toBe(2);
    });

    test('stays as long as half of what it began with is read in one second of five', async () => {
      const { far, clock, send } = await link(codec);
      await send(8 * initialWindowBytes);
      const grown = far.receiveWindowBytes;
      for (let n = 0; n < 5; n++) {
        await clock.pass(3 * TICK_MS);
        await send(initialWindowBytes / 2);
        expect(far.receiveWindowBytes).toBe(grown);
      }
    });

    test('goes back when it is read by less, second for second', async () => {
      const { far, send } = await link(codec);
      await send(8 * initialWindowBytes);
      for (let n = 0; n < 7; n++) await send(initialWindowBytes / 2 - 1);
      expect(far.receiveWindowBytes).toBe(initialWindowBytes);
    });

    test('grows again when it is used again, and no byte is lost or too many', async () => {
      const joined = await link(codec);
      for (let n = 1; n <= 3; n++) {
        await joined.send(8 * initialWindowBytes);
        expect(joined.read()).toBe(hello.length + n * 8 * initialWindowBytes);
        expect(joined.far.receiveWindowBytes).toBeGreaterThan(initialWindowBytes);
        await joined.clock.pass(8 * TICK_MS);
        expect([joined.far.receiveWindowBytes, used(joined)]).toEqual([initialWindowBytes, [0, 0]]);
      }
      expect(joined.server._life.isOver).toBe(false);
    });

    test('goes back also while its reader pauses: what the peer may send by then is taken, and no more is granted', async () => {
      const joined = await link(codec);
      const { near, far, reading, clock, send } = joined;
      await send(8 * initialWindowBytes);
      const grown = far.receiveWindowBytes;
      reading.pause();
      await send(2 * grown);
      await clock.pass(8 * TICK_MS);
      const held = used(joined)[0] ?? 0;
      expect([far.receiveWindowBytes, near.bufferedBytes > 0]).toEqual([initialWindowBytes, true]);
      expect(held).toBeLessThanOrEqual(grown);
      expect(used(joined)).toEqual([held, held]);
      reading.resume();
      await clock.pass(2 * TICK_MS);
      expect(joined.read()).toBe(hello.length + 8 * initialWindowBytes + 2 * grown);
      expect(joined.server._life.isOver).toBe(false);
    });

    test('and is idle leaves the budget that sessions share to another, which is busy', async () => {
      // Room for one window to double, of all sessions.
      const budget = receiveBudget({ maxBytes: 3 * initialWindowBytes });
      const [idle, busy] = [await link(codec, budget), await link(codec, budget)];
      await idle.send(8 * initialWindowBytes);
      expect(idle.far.receiveWindowBytes).toBe(2 * initialWindowBytes);
      await busy.send(8 * initialWindowBytes);
      expect(busy.far.receiveWindowBytes).toBe(initialWindowBytes);
      await idle.clock.pass(8 * TICK_MS);
      await busy.send(8 * initialWindowBytes);
      expect([idle.far.receiveWindowBytes, busy.far.receiveWindowBytes]).toEqual([
        initialWindowBytes,
        2 * initialWindowBytes,
      ]);
    });
  },
);
