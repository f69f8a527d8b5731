import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import { smux } from '../../src/wire/index.js';
import { log } from './raw-peer.js';
import { arrivals, CODECS, ends, pattern, readAll, sha256, turn, turnsUntil } from './session-ends.js';

const MB = 1_000_000;
const BULK_BYTES = 300_000;
// Consumed by the session where streams begin with their type.
const TYPE_BYTES = 4;

describe.each(CODECS)('streams of %s beside each other', (_name, codec) => {
  const { initialWindowBytes } = codec.traits;

  test('session case 59: 99 fast streams end beside a reader that has stopped, which holds its window at most', async () => {
    const budget = receiveBudget({ maxBytes: 64 * MB });
    const { client, server } = ends(codec, { server: { budget } }, { capacityBytes: 50_000 });
    const streams = Array.from({ length: 100 }, () => client.open());
    const slow = streams[0] as MuxStream;
    const done: number[] = [];
    server.accept$.subscribe((stream) => {
      if (stream.streamId === slow.streamId) return;
      stream.subscribe({
        complete: () => {
          stream.complete();
          done.push(stream.bytesRead);
        },
      });
    });
    for (const stream of streams) {
      log(stream);
      stream.next(new Uint8Array(BULK_BYTES));
      stream.complete();
    }
    await turnsUntil(() => done.length === 99);
    await turn();
    expect(new Set(done)).toEqual(new Set([BULK_BYTES]));
    expect(client.streams).toEqual([slow]);
    // smux 1 has no windows: all of it is held, up to the budget of the session.
    const most = Math.min(BULK_BYTES, initialWindowBytes);
    expect(slow.sentBytes).toBe(most);
    expect(budget.usedBytes).toBeGreaterThanOrEqual(most - TYPE_BYTES);
    expect(budget.usedBytes).toBeLessThanOrEqual(most);
  });

  test('session case 60: both sides write 10 MB before they read, over a link that holds 10 KB', async () => {
    const { client, server } = ends(codec, {}, { capacityBytes: 10_000, chunkBytes: 5000 });
    const [atServer, atClient] = [arrivals(server), arrivals(client)];
    const body = pattern(MB);
    const write = (stream: MuxStream): void => {
      stream.next(body);
      stream.complete();
    };
    const ours = Array.from({ length: 5 }, () => client.open());
    const theirs = Array.from({ length: 5 }, () => server.open());
    for (const stream of [...ours, ...theirs]) write(stream);
    await turnsUntil(() => atServer.length === 5 && atClient.length === 5);
    const answers = [...atServer, ...atClient];
    for (const stream of answers) write(stream);
    await turn();
    const all = await Promise.all([...answers, ...ours, ...theirs].map(readAll));
    expect(new Set(all.map(sha256))).toEqual(new Set([sha256(body)]));
    await turn();
    expect([all.length, client.streams, server.streams]).toEqual([20, [], []]);
  });
});

test('session case 59: in smux 1 a reader that has stopped stops all once the budget is full, until it reads', async () => {
  const budgetBytes = 100_000;
  const { client, server } = ends(smux(), { server: { receiveBudgetBytes: budgetBytes } }, { capacityBytes: 10_000 });
  const slow = client.open();
  slow.next(new Uint8Array(2 * budgetBytes));
  const far = await firstValueFrom(server.accept$);
  const fast = client.open();
  fast.next(new Uint8Array(1000));
  const streams = arrivals(server);
  await turn();
  expect(streams).toEqual([]);
  expect(far.bytesRead).toBeLessThan(2 * budgetBytes);
  log(far.pipe(consume(() => Promise.resolve())));
  await turnsUntil(() => streams.length === 1);
  await turn();
  expect(far.bytesRead).toBe(2 * budgetBytes);
});
