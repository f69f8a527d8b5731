import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, ignoreElements } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Codec } from '../../src/wire/codec.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import type { Frame } from '../../src/wire/frame.js';
import { log, rawPeer, type RawPeer } from '../session/raw-peer.js';
import {
  arrivals,
  ends,
  hello,
  joined,
  pattern,
  readAll,
  sha256,
  turn,
  turnsUntil,
  why,
} from '../session/session-ends.js';

// Where FIN is in a header of data; smux has it in a frame of its own alone.
const FIN_BITS: Readonly<Record<string, readonly [at: number, bit: number]>> = {
  muxado1: [2, 1],
  muxado2: [3, 1],
  yamux: [3, 4],
};

/** What holds for the streams of every protocol. */
export function streamContract(name: string, codec: Codec): void {
  const { traits } = codec;
  const hasReset = traits.reset !== 'none';
  const firstId = traits.firstId.client;

  /** A server whose client, played by hand, has opened so many streams. */
  function peerWith(count: number): { readonly peer: RawPeer; readonly streams: readonly MuxStream[] } {
    const peer = rawPeer({ codec, role: 'server' });
    const streams = arrivals(peer.session);
    for (let n = 0; n < count; n++) {
      const id = firstId + 2 * n;
      peer.send({ kind: 'open', id });
      if (traits.streamType === 'prefix') peer.send({ kind: 'data', id, bytes: new Uint8Array(4) });
    }
    return { peer, streams };
  }

  const data = (id: number): Frame => ({ kind: 'data', id, bytes: hello });

  describe(`a stream of ${name}`, () => {
    test('session case 25: a slow reader gets all of 1 MB, then complete, by one FIN', async () => {
      const pair = ends(codec);
      const fins: number[] = [];
      pair.server.subscribe((frame) => {
        if (frame.kind === 'end') fins.push(frame.id);
      });
      const sent = pattern(1_000_000);
      const near = pair.client.open();
      near.next(sent);
      near.complete();
      const far = await firstValueFrom(pair.server.accept$);
      const received: Uint8Array[] = [];
      let isBusy = false;
      const work = async (chunk: Uint8Array): Promise<void> => {
        expect(isBusy).toBe(false);
        isBusy = true;
        await turn();
        received.push(chunk);
        isBusy = false;
      };
      const done = log(far.pipe(consume(work), ignoreElements()));
      await turnsUntil(() => done.length > 0);
      expect([done, isBusy]).toEqual([['complete'], false]);
      expect(sha256(Buffer.concat(received))).toBe(sha256(sent));
      expect(fins).toEqual([near.streamId]);
    });

    test('session case 26: a second FIN, and a FIN after a reset of either side, are passed over', async () => {
      const { peer, streams } = peerWith(3);
      const seen = streams.map((stream) => log(stream));
      const [twice, reset, ours] = [firstId, firstId + 2, firstId + 4];
      peer.send({ kind: 'end', id: twice }, { kind: 'end', id: twice });
      peer.send({ kind: 'reset', id: reset, code: 0 }, { kind: 'end', id: reset });
      streams[2]?.error(new Error('no more'));
      peer.send({ kind: 'end', id: ours });
      streams[0]?.next(hello);
      streams[0]?.complete();
      await peer.settled();
      peer.send({ kind: 'end', id: twice });
      await peer.settled();
      expect(seen).toEqual([['complete'], [hasReset ? 'ERR_MUX_RESET' : 'complete'], ['ERR_MUX_ABORT']]);
      expect(peer.frames.filter(({ kind }) => kind === 'reset')).toHaveLength(hasReset ? 1 : 0);
      expect(peer.frames).toContainEqual({ kind: 'data', id: twice, bytes: hello });
      expect([peer.session.streams.includes(streams[0] as MuxStream), peer.ends]).toEqual([false, []]);
    });

    test('session case 27: data after FIN ends that stream and no other', async () => {
      const { peer, streams } = peerWith(2);
      const [bad, good] = [firstId, firstId + 2];
      const seen = streams.map((stream) => log(stream));
      peer.send(data(bad), { kind: 'end', id: bad }, data(bad), data(bad), data(good));
      await peer.settled();
      expect(seen).toEqual([['hello', 'complete'], ['hello']]);
      const [closed] = await Promise.all(streams.slice(0, 1).map(({ closed$ }) => firstValueFrom(closed$)));
      expect(closed?.error).toMatchObject({ code: 'ERR_MUX_STREAM_STATE', streamId: bad, initiator: 'remote' });
      // smux has FIN alone to say so.
      const code = codec.codeOf('streamClosed');
      const answer = hasReset ? { kind: 'reset', id: bad, code } : { kind: 'end', id: bad };
      expect(peer.frames.filter(({ kind }) => kind === 'reset' || kind === 'end')).toEqual([answer]);
      streams[1]?.next(hello);
      peer.send({ kind: 'end', id: good });
      await peer.settled();
      expect(seen[1]).toEqual(['hello', 'complete']);
      expect(peer.frames).toContainEqual({ kind: 'data', id: good, bytes: hello });
    });

    test.each(['deliver', 'drop'] as const)(
      'session case 28: with unreadOnReset %s a reset finds 100 KB unread',
      async (unreadOnReset) => {
        const window = { windowBytes: Math.max(131_072, traits.initialWindowBytes), unreadOnReset };
        const pair = ends(codec, { server: window });
        const sent = pattern(100_000);
        const [near, far] = await joined(pair, sent);
        near.error(new Error('no more'));
        await turn();
        const received: Uint8Array[] = [];
        const end = await new Promise<unknown>((resolve) => {
          far.subscribe({ next: (chunk) => received.push(chunk), complete: () => resolve('complete'), error: resolve });
        });
        const isDelivered = unreadOnReset === 'deliver' || !hasReset;
        expect(sha256(Buffer.concat(received))).toBe(sha256(isDelivered ? sent : new Uint8Array(0)));
        if (hasReset) expect(end).toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });
        else expect(end).toBe('complete');
      },
    );

    test('session case 30: who comes after data and FIN gets both', async () => {
      const pair = ends(codec);
      const [near, far] = await joined(pair, hello);
      near.next(Buffer.from(' world'));
      near.complete();
      far.complete();
      await turn();
      expect(pair.server.streams).toEqual([]);
      expect(log(far)).toEqual(['hello', ' world', 'complete']);
    });

    test('session case 37: a connection that ends in any place of a frame ends every stream with an error', async () => {
      const frame = encodeFrame(codec, data(firstId));
      const [at, bit] = FIN_BITS[codec.protocol] ?? [0, 0];
      frame[at] = (frame[at] ?? 0) | bit;
      const headerBytes = frame.length - hello.length;
      for (let cut = 0; cut < frame.length; cut++) {
        for (const end of ['read', 'unread'] as const) {
          const { peer, streams } = peerWith(2);
          const read = (): string[][] => streams.map((stream) => log(stream));
          const early = end === 'read' ? read() : [];
          peer.sendHex(Buffer.from(frame.subarray(0, cut)).toString('hex'));
          peer.end();
          const seen = end === 'read' ? early : read();
          const part = cut > headerBytes ? ['hello'.slice(0, cut - headerBytes)] : [];
          expect([cut, seen]).toEqual([cut, [[...part, 'ERR_MUX_TRANSPORT'], ['ERR_MUX_TRANSPORT']]]);
          expect(await Promise.all(streams.map(why))).toEqual(['ERR_MUX_TRANSPORT', 'ERR_MUX_TRANSPORT']);
          expect(await why(peer.session)).toBe('ERR_MUX_TRANSPORT');
          expect(peer.session.streams).toEqual([]);
        }
      }
    });

    test('session case 37: a connection that is cut off ends both sides and all their streams with an error', async () => {
      const pair = ends(codec, {}, { cutAfterBytes: 60_000, chunkBytes: 100 });
      const far = arrivals(pair.server);
      const streams = [pair.client.open(), pair.client.open()];
      for (const stream of streams) {
        stream.next(new Uint8Array(40_000));
        stream.complete();
      }
      await turn();
      const seen = [...far, ...streams].map((stream) => log(stream));
      expect(seen.map((each) => each.slice(-1))).toEqual(seen.map(() => ['ERR_MUX_TRANSPORT']));
      expect(await Promise.all([why(pair.client), why(pair.server)])).toEqual([
        'ERR_MUX_TRANSPORT',
        'ERR_MUX_TRANSPORT',
      ]);
      expect([pair.client.streams, pair.server.streams, pair.clock.timers]).toEqual([[], [], 0]);
      expect(await readAll(streams[0] as MuxStream).catch((error: unknown) => error)).toMatchObject({
        code: 'ERR_MUX_SECOND_SUBSCRIBE',
      });
    });
  });
}
