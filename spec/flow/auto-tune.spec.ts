import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget, type SessionOptions } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { arrivals, CODECS, ends, type Ends } from '../session/session-ends.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const chunk = new Uint8Array(64 * KIB);

/** Keeps a stream as full as it takes, for ever. */
function flood(stream: MuxStream): void {
  while (stream._write(chunk)) continue;
  stream._drained(() => {
    if (!stream.isOver) flood(stream);
  });
}

/** A link that carries `rate` bytes a millisecond with that round trip, and a session over it that knows the time. */
function link(codec: Codec, rttMs: number, rate: number, server: Partial<SessionOptions> = {}): Ends {
  const pipe = { latencyMs: rttMs / 2, capacityBytes: (rate * rttMs) / 2 };
  return ends(codec, { keepAlive: { intervalMs: 10_000 }, server }, pipe);
}

/** The other end of a stream to the server, which reads all that comes. */
async function reader({ server, clock }: Ends, rttMs: number): Promise<MuxStream> {
  const accepted = firstValueFrom(server.accept$);
  await clock.pass(rttMs);
  const far = await accepted;
  far.subscribe({ error: () => undefined });
  return far;
}

/** What part of what the link carries a stream is sent in two round trips. */
async function shareOf({ clock }: Ends, stream: MuxStream, rttMs: number, rate: number): Promise<number> {
  const before = stream.bytesRead;
  await clock.pass(2 * rttMs);
  return (stream.bytesRead - before) / (2 * rttMs * rate);
}

const WINDOWED = CODECS.filter(([, { traits }]) => traits.credit !== 'none');

describe.each(WINDOWED)('the windows of %s', (_name, codec) => {
  test.each([
    { rttMs: 50, rate: 40 * KIB },
    { rttMs: 200, rate: 20 * KIB },
  ])(
    'session case 62: reach 80 % of a link of $rttMs ms within 10 round trips, below their cap',
    async ({ rttMs, rate }) => {
      const joined = link(codec, rttMs, rate);
      flood(joined.client.open());
      const far = await reader(joined, rttMs);
      await joined.clock.pass(9 * rttMs);
      expect(await shareOf(joined, far, rttMs, rate)).toBeGreaterThanOrEqual(0.8);
      expect(far.receiveWindowBytes).toBeGreaterThan(codec.traits.initialWindowBytes);
      expect(far.receiveWindowBytes).toBeLessThanOrEqual(64 * MIB);
    },
  );

  test('are no smaller than an earlier stream made them within 3 round trips', async () => {
    const [rttMs, rate] = [50, 40 * KIB];
    const joined = link(codec, rttMs, rate);
    const earlier = joined.client.open();
    flood(earlier);
    const first = await reader(joined, rttMs);
    await joined.clock.pass(12 * rttMs);
    const { receiveWindowBytes } = first;
    earlier.error(new Error('enough'));
    await joined.clock.pass(rttMs);
    flood(joined.client.open());
    const far = await reader(joined, rttMs);
    await joined.clock.pass(2 * rttMs);
    expect(await shareOf(joined, far, rttMs, rate)).toBeGreaterThanOrEqual(0.8);
    expect(far.receiveWindowBytes).toBeGreaterThanOrEqual(receiveWindowBytes);
  });

  test('session case 62: stop at the cap', async () => {
    const maxWindowBytes = 4 * codec.traits.initialWindowBytes;
    const joined = link(codec, 50, 100 * KIB, { maxWindowBytes });
    flood(joined.client.open());
    const far = await reader(joined, 50);
    await joined.clock.pass(1000);
    expect(far.receiveWindowBytes).toBe(maxWindowBytes);
  });

  test('session case 62: are back at their beginning when little comes', async () => {
    const { initialWindowBytes } = codec.traits;
    const joined = link(codec, 50, 40 * KIB);
    const budget = joined.server._life.core.receiveRoom.own;
    const { clock } = joined;
    const near = joined.client.open();
    near.next(new Uint8Array(MIB));
    const far = await reader(joined, 50);
    await clock.pass(1000);
    const grown = far.receiveWindowBytes;
    expect(grown).toBeGreaterThan(initialWindowBytes);
    expect(budget.usedBytes).toBe(grown - initialWindowBytes);
    const little = chunk.subarray(0, initialWindowBytes / 8);
    for (let bytes = 0; bytes < 2 * grown; bytes += little.length) {
      near.next(little);
      await clock.pass(1000);
    }
    expect([far.receiveWindowBytes, budget.usedBytes]).toEqual([initialWindowBytes, 0]);
  });

  test('session case 62: of 100 streams grow no further than the budget of their session', async () => {
    const maxBytes = 4 * MIB;
    const budget = receiveBudget({ maxBytes: 64 * MIB });
    const { client, server, clock } = link(codec, 50, 200 * KIB, { receiveBudgetBytes: maxBytes, budget });
    const streams = arrivals(server);
    for (let n = 0; n < 100; n++) flood(client.open());
    await clock.pass(50);
    expect(streams).toHaveLength(100);
    for (const stream of streams) stream.subscribe({ error: () => undefined });
    let most = 0;
    for (let n = 0; n < 6; n++) {
      await clock.pass(50);
      const sum = streams.reduce((bytes, { receiveWindowBytes }) => bytes + receiveWindowBytes, 0);
      most = Math.max(most, sum - 100 * codec.traits.initialWindowBytes);
      expect(budget.usedBytes).toBe(server._life.core.receiveRoom.own.usedBytes);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(maxBytes);
  });
});
