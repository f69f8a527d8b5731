import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { log } from '../session/raw-peer.js';
import { arrivals, ends, hello, opened, turn, turnsUntil, why } from '../session/session-ends.js';

/** The limits of a session, and what it tells of itself, whatever its protocol. */
export function sessionLimitsContract(name: string, codec: Codec): void {
  const { traits } = codec;
  /** Without a reset on the wire streams wait instead of being refused: spec/session/held-opens.spec.ts has more of it. */
  const waits = traits.reset === 'none';
  /** What the reader of a stream sees that is refused, or waits. */
  const refused = waits ? [] : ['ERR_MUX_REFUSED'];

  describe(`limits of a session of ${name}`, () => {
    test('maxStreams refuses the next stream, or lets it wait, until one is over', async () => {
      const { client, server } = ends(codec, { server: { maxStreams: 2 } });
      const streams = arrivals(server);
      const ours = [opened(client), opened(client), opened(client)];
      const seen = ours.map((stream) => log(stream));
      await turn();
      expect([seen, streams.length]).toEqual([[[], [], refused], 2]);
      for (const stream of [ours[0], streams[0]]) stream?.complete();
      for (const stream of streams.slice(0, 1)) log(stream);
      await turn();
      void opened(client);
      await turn();
      expect(streams).toHaveLength(3);
    });

    test('acceptBacklog refuses what nobody waits for, or lets it wait, and loses none of the others', async () => {
      const { client, server } = ends(codec, { server: { acceptBacklog: 2 } });
      const ours = [opened(client), opened(client), opened(client)];
      const seen = ours.map((stream) => log(stream));
      await turn();
      expect(seen).toEqual([[], [], refused]);
      const streams = arrivals(server);
      await turn();
      const taken = waits ? 3 : 2;
      expect(streams.map((stream) => log(stream))).toEqual(Array.from({ length: taken }, () => ['hello']));
      void opened(client);
      await turn();
      expect(streams).toHaveLength(taken + 1);
    });

    test('session case 34: open waits at its limit; a signal ends the wait, nothing is sent, and the place is free', async () => {
      const { client, server } = ends(codec, { maxOpenStreams: 1, maxWaitingOpens: 1 });
      const streams = arrivals(server);
      const frames = log(server);
      const abort = new AbortController();
      const first = opened(client);
      const waiting = client.open({ signal: abort.signal });
      waiting.next(hello);
      const tooMany = client.open();
      const seen = [waiting, tooMany].map((stream) => log(stream));
      await turn();
      expect([seen, streams.length]).toEqual([[[], ['ERR_MUX_STREAM_LIMIT']], 1]);
      const sent = frames.length;
      abort.abort(new Error('changed my mind'));
      expect(seen[0]).toEqual(['ERR_MUX_ABORT']);
      await turn();
      expect([frames.length, waiting.streamId]).toEqual([sent, 0]);
      const next = opened(client);
      const done = new AbortController();
      done.abort();
      expect(log(client.open({ signal: done.signal }))).toEqual(['ERR_MUX_ABORT']);
      first.complete();
      log(first);
      streams[0]?.pipe(flowTo(streams[0])).subscribe();
      await turn();
      expect(streams.map(({ streamId }) => streamId)).toEqual([first.streamId, next.streamId]);
      expect(next.streamId).toBe(first.streamId + 2);
    });

    test('session case 34: a signal resets a stream that is open', async () => {
      const { client, server } = ends(codec);
      const abort = new AbortController();
      const stream = client.open({ signal: abort.signal });
      stream.next(hello);
      const far = await firstValueFrom(server.accept$);
      await turn();
      abort.abort();
      await turn();
      expect(await why(stream)).toBe('ERR_MUX_ABORT');
      expect(log(far)).toEqual(['hello', traits.reset === 'none' ? 'complete' : 'ERR_MUX_RESET']);
    });

    test('sendBufferBytes ends a stream whose writer does not wait, and no other', async () => {
      const pair = ends(codec, { sendBufferBytes: 1000 }, { latencyMs: 1 });
      const [stream, other] = [opened(pair.client), opened(pair.client)];
      const windowBytes = traits.initialWindowBytes === Infinity ? 0 : traits.initialWindowBytes;
      await turn();
      stream.next(new Uint8Array(windowBytes + 1000));
      await turn();
      expect(pair.client.streams).toEqual([stream, other]);
      stream.next(new Uint8Array(windowBytes + 1001));
      expect(await why(stream)).toBe('ERR_MUX_OVERFLOW');
      expect(pair.client.streams).toEqual([other]);
    });
  });

  describe(`what a session of ${name} tells of itself`, () => {
    test('figures are right at once, each second, and end with it', async () => {
      const pair = ends(codec);
      const { client, server, clock } = pair;
      const streams = arrivals(server);
      const figures = { client: log(client.stats$), server: log(server.stats$) };
      const ours = [opened(client), opened(client), opened(client)];
      const theirs = opened(server);
      log(client.accept$);
      await turn();
      for (const stream of ours.slice(0, 1)) stream.complete();
      for (const stream of ours) log(stream);
      streams[0]?.pipe(flowTo(streams[0])).subscribe();
      await turn();
      expect(client.streams).toEqual([ours[1], ours[2], expect.objectContaining({ streamId: theirs.streamId })]);
      const ahead = firstValueFrom(client.stats$);
      const behind = firstValueFrom(server.stats$);
      await clock.pass(0);
      const [atClient, atServer] = [await ahead, await behind];
      expect(atClient).toMatchObject({ inboundStreams: 1, outboundStreams: 2, opened: 3, accepted: 1 });
      expect(atServer).toMatchObject({ inboundStreams: 2, outboundStreams: 1, opened: 1, accepted: 3 });
      expect([atClient.bytesRead, atServer.bytesRead]).toEqual([atServer.bytesWritten, atClient.bytesWritten]);
      expect(atServer.heldBytes).toBe(2 * hello.length);
      expect(atServer.dataFrames).toBe(2);
      await clock.pass(2000);
      client.error(new Error('over'));
      await turn();
      expect(figures.client).toEqual(['stream', 'stream', 'stream', 'complete']);
      expect(clock.timers).toBe(0);
    });

    test('the budget that sessions share is given back in full, by when all is read', async () => {
      const budget = receiveBudget({ maxBytes: 64_000_000 });
      const pair = ends(codec, { budget });
      const streams = arrivals(pair.server);
      const ours = Array.from({ length: 10 }, () => pair.client.open());
      for (const stream of ours) stream.next(new Uint8Array(50_000));
      await turnsUntil(() => budget.usedBytes === 500_000);
      for (const stream of streams.slice(0, 1)) log(stream);
      await turn();
      expect(budget.usedBytes).toBe(450_000);
      pair.client.error(new Error('over'));
      await turn();
      // What nobody has read yet takes memory still.
      expect([pair.server.streams, budget.usedBytes]).toEqual([[], 450_000]);
      for (const stream of streams.slice(1)) log(stream);
      expect(budget.usedBytes).toBe(0);
    });
  });
}
