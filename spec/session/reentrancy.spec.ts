import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, Observable } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { log } from './raw-peer.js';
import { arrivals, CODECS, ends, joined, turn, turnsUntil, why } from './session-ends.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (chunk: Uint8Array): string => Buffer.from(chunk).toString();

/** Counts how deep a callback is within itself. */
class Depth {
  most = 0;
  #now = 0;

  within<T>(act: () => T): T {
    this.#now++;
    this.most = Math.max(this.most, this.#now);
    try {
      return act();
    } finally {
      this.#now--;
    }
  }
}

describe.each(CODECS)('calls from within callbacks, over %s', (_name, codec) => {
  test('session case 38: two sides that answer each other in next never recurse, and keep the order', async () => {
    const pair = ends(codec);
    const depth = new Depth();
    const [near, far] = await joined(pair, bytes('0'));
    const seen: number[] = [];
    const answer =
      (stream: MuxStream, own: Depth) =>
      (chunk: Uint8Array): void => {
        own.within(() => {
          const value = Number(text(chunk));
          seen.push(value);
          if (value < 2000) stream.next(bytes(String(value + 1)));
        });
      };
    near.subscribe(answer(near, depth));
    far.subscribe(answer(far, new Depth()));
    await turnsUntil(() => seen.length > 2000);
    expect(seen).toEqual(Array.from({ length: 2001 }, (_, n) => n));
    expect(depth.most).toBe(1);
  });

  test('session case 38: work that is over in the call that begins it never recurses, however much waits', async () => {
    // Smaller ones are gathered while they wait.
    const pair = ends(codec, { maxFrameBytes: 1024 });
    const [, far] = await joined(pair, new Uint8Array(60 * 1024));
    const depth = new Depth();
    const order: number[] = [];
    const work = (_chunk: Uint8Array, index: number): Observable<never> =>
      new Observable((subscriber) => {
        depth.within(() => {
          order.push(index);
          subscriber.complete();
        });
      });
    log(far.pipe(consume(work)));
    expect(order.length).toBeGreaterThanOrEqual(60);
    expect(order).toEqual(Array.from(order, (_, n) => n));
    expect(depth.most).toBe(1);
  });

  test('session case 38: what next writes, ends and opens leaves in that order', async () => {
    const pair = ends(codec);
    const depth = new Depth();
    const [near, far] = await joined(pair, bytes('ask'));
    const order: string[] = [];
    pair.client.accept$.subscribe((stream) => {
      depth.within(() => {
        order.push(`open ${stream.streamId}`);
        stream.subscribe((chunk) => order.push(text(chunk)));
      });
    });
    near.subscribe({ next: (chunk) => order.push(text(chunk)), complete: () => order.push('complete') });
    const opened: MuxStream[] = [];
    far.subscribe(() => {
      far.next(bytes('a'));
      far.next(bytes('b'));
      for (const name of ['c', 'd']) {
        const stream = pair.server.open();
        opened.push(stream);
        stream.next(bytes(name));
      }
      far.complete();
      far.next(bytes('too late'));
    });
    await turn();
    const [c, d] = opened.map(({ streamId }) => streamId);
    expect(order.filter((what) => ['ab', 'complete'].includes(what))).toEqual(['ab', 'complete']);
    expect(order.filter((what) => /open|^[cd]$/.test(what)).sort()).toEqual(['c', 'd', `open ${c}`, `open ${d}`]);
    expect(order.indexOf(`open ${c}`)).toBeLessThan(order.indexOf(`open ${d}`));
    expect(order.indexOf('c')).toBeGreaterThan(order.indexOf(`open ${c}`));
    expect([order.length, depth.most]).toEqual([6, 1]);
  });

  test('session case 38: a stream that is opened in accept$ in answer to one, and so on, never recurses', async () => {
    const pair = ends(codec);
    const depth = new Depth();
    const ids: number[] = [];
    for (const session of [pair.client, pair.server]) {
      const own = session === pair.client ? depth : new Depth();
      session.accept$.subscribe((stream) => {
        own.within(() => {
          ids.push(stream.streamId);
          if (ids.length < 500) session.open().next(bytes('next'));
        });
      });
    }
    pair.client.open().next(bytes('first'));
    await turnsUntil(() => ids.length === 500);
    const { client, server } = codec.traits.firstId;
    expect(ids.slice(0, 4)).toEqual([client, server, client + 2, server + 2]);
    expect(depth.most).toBe(1);
  });

  test('session case 38: goAway in accept$ lets that stream go on, and refuses the next of the same flight', async () => {
    const pair = ends(codec);
    const streams: MuxStream[] = [];
    pair.server.accept$.subscribe((stream) => {
      streams.push(stream);
      pair.server.goAway();
    });
    const ours = [pair.client.open(), pair.client.open()];
    for (const stream of ours) stream.next(bytes('hello'));
    const seen = ours.map((stream) => log(stream));
    await turn();
    expect(streams.map(({ streamId }) => streamId)).toEqual([ours[0]?.streamId]);
    // Without a reset on the wire it ends with the session.
    expect(seen[1]).toHaveLength(codec.traits.reset === 'none' ? 0 : 1);
    if (seen[1]?.length === 1) expect(['ERR_MUX_GOAWAY', 'ERR_MUX_REFUSED']).toContain(seen[1][0]);
    for (const stream of streams) {
      expect(log(stream)).toEqual(['hello']);
      stream.next(bytes('bye'));
      stream.complete();
    }
    ours[0]?.complete();
    ours[1]?.complete();
    await turn();
    expect(seen[0]).toEqual(['bye', 'complete']);
    expect(await why(pair.server)).toBeUndefined();
  });

  test('session case 38: error within next ends it there, close after what had arrived', async () => {
    for (const act of ['close', 'error'] as const) {
      const pair = ends(codec);
      const [near, far] = await joined(pair, bytes('one'));
      near.next(bytes('two'));
      await turn();
      const seen: string[] = [];
      far.subscribe({
        next: (chunk) => {
          seen.push(text(chunk));
          if (act === 'close') pair.server.close();
          else pair.server.error(new Error('enough'));
        },
        complete: () => seen.push('complete'),
        error: (error: { readonly code: string }) => seen.push(error.code),
      });
      await turn();
      expect([act, seen]).toEqual([act, act === 'close' ? ['one', 'two', 'ERR_MUX_CLOSED'] : ['one', 'ERR_MUX_ABORT']]);
      expect(pair.server.streams).toEqual([]);
      expect(log(near).slice(-1)).not.toEqual(['complete']);
    }
  });

  test('session case 38: error handlers may open, write, close and go away', async () => {
    const pair = ends(codec);
    const depth = new Depth();
    const codes: string[] = [];
    const streams = [pair.client.open(), pair.client.open(), pair.client.open()];
    const far = arrivals(pair.server);
    for (const stream of streams) {
      stream.next(bytes('hello'));
      stream.subscribe({
        error: (error: { readonly code: string }) => {
          depth.within(() => {
            codes.push(error.code);
            log(pair.client.open());
            for (const other of streams) other.next(bytes('more'));
            for (const other of streams) other.complete();
            for (const other of streams) other.error(new Error('again'));
            pair.client.goAway();
            pair.client.close();
            pair.client.error(new Error('again'));
          });
        },
      });
    }
    await turn();
    for (const stream of far) log(stream);
    pair.conns[0].error(new Error('cable'));
    await turn();
    expect(codes).toHaveLength(3);
    expect(codes[0]).toBe('ERR_MUX_TRANSPORT');
    expect(await why(pair.client)).toBe('ERR_MUX_TRANSPORT');
    expect([pair.client.streams, pair.clock.timers]).toEqual([[], 0]);
    expect((await firstValueFrom(pair.client.closed$)).initiator).toBe('remote');
  });
});
