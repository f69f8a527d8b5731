import { afterEach, describe, expect, test } from '@jest/globals';
import { config, firstValueFrom, map, ReplaySubject, skip, take, tap, toArray } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { yamux } from '../../src/wire/index.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, CODECS, ends, hello, joined, opened, turn, why } from './session-ends.js';

describe('accept$', () => {
  test('session case 31: take(1), then another subscriber: no stream is lost, and none comes twice', async () => {
    const { client, server } = ends(yamux());
    for (let n = 0; n < 4; n++) client.open().next(hello);
    const first = await firstValueFrom(server.accept$.pipe(take(1)));
    await turn();
    const next = await firstValueFrom(server.accept$.pipe(take(2), toArray()));
    const rest = arrivals(server);
    client.open().next(hello);
    await turn();
    expect([first, ...next, ...rest].map(({ streamId }) => streamId)).toEqual([1, 3, 5, 7, 9]);
    expect(log(first)).toEqual(['hello']);
  });

  test('session case 31: a second subscriber at a time is refused, and the first goes on', async () => {
    const { client, server } = ends(yamux());
    const streams = arrivals(server);
    expect(log(server.accept$)).toEqual(['ERR_MUX_SECOND_SUBSCRIBE']);
    void opened(client);
    await turn();
    expect(streams).toHaveLength(1);
  });

  test('a stream that is over before anybody takes it is not handed out', () => {
    const peer = rawPeer({ codec: yamux(), role: 'server' });
    peer.send({ kind: 'open', id: 1 }, { kind: 'reset', id: 1, code: 0 }, { kind: 'open', id: 3 });
    expect(arrivals(peer.session).map(({ streamId }) => streamId)).toEqual([3]);
  });
});

describe('open waits for the peer to confirm', () => {
  test('session case 34: past maxUnacceptedStreams, and a signal ends the wait without a word on the wire', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'client', maxUnacceptedStreams: 1 });
    const abort = new AbortController();
    const [first, waiting, next] = [
      peer.session.open(),
      peer.session.open({ signal: abort.signal }),
      peer.session.open(),
    ];
    abort.abort();
    await peer.settled();
    expect([first.streamId, await why(waiting)]).toEqual([1, 'ERR_MUX_ABORT']);
    peer.send({ kind: 'accept', id: 1 });
    await peer.settled();
    expect(next.streamId).toBe(3);
    expect(peer.frames.filter(({ kind }) => kind !== 'accept')).toEqual([
      { kind: 'open', id: 1, credit: 0 },
      { kind: 'open', id: 3, credit: 0 },
    ]);
  });
});

describe.each(CODECS)('an observer that throws, over %s', (_name, codec) => {
  afterEach(() => {
    config.onUnhandledError = null;
  });

  /** What rxjs could tell nobody, and the way to wait for so many. */
  function unhandled(): { readonly errors: unknown[]; readonly told: (count: number) => Promise<unknown> } {
    const errors$ = new ReplaySubject<unknown>(100);
    const errors: unknown[] = [];
    errors$.subscribe((error) => errors.push(error));
    config.onUnhandledError = (error) => {
      errors$.next(error);
    };
    return { errors, told: (count) => firstValueFrom(errors$.pipe(skip(count - 1))) };
  }

  test('session case 32: in next harms neither the session nor any stream, and is told once', async () => {
    const pair = ends(codec);
    const [near, far] = await joined(pair, hello);
    const other = pair.client.open();
    const streams = arrivals(pair.server);
    other.next(hello);
    await turn();
    const seen: string[] = [];
    const { errors, told } = unhandled();
    far.subscribe((chunk) => {
      seen.push(Buffer.from(chunk).toString());
      if (seen.length === 1) throw new Error('a bug');
    });
    near.next(Buffer.from('again'));
    await told(1);
    await turn();
    expect(errors).toEqual([expect.objectContaining({ message: 'a bug' })]);
    expect(seen).toEqual(['hello', 'again']);
    expect(streams.map((stream) => log(stream))).toEqual([['hello']]);
    expect(pair.client.streams).toEqual([near, other]);
  });

  test.each([
    ['map', () => map((): never => bug())],
    ['consume', () => consume((): never => bug())],
  ])('session case 32: in %s errors behind it once, and leaves that stream alone', async (_operator, throwing) => {
    const pair = ends(codec, { onCancel: 'reset' });
    const [near, far] = await joined(pair, hello);
    const other = pair.client.open();
    const streams = arrivals(pair.server);
    other.next(hello);
    const errors: unknown[] = [];
    far.pipe(throwing()).subscribe({ error: (error: Error) => errors.push(error.message) });
    await turn();
    expect(errors).toEqual(['a bug']);
    expect(log(near)).toEqual([codec.traits.reset === 'none' ? 'complete' : 'ERR_MUX_RESET']);
    expect(streams.map((stream: MuxStream) => log(stream))).toEqual([['hello']]);
    expect(pair.server.streams).toEqual(streams);
  });

  test('session case 32: in accept$, as a tap, or at closed$ harms nothing either', async () => {
    const pair = ends(codec);
    const { errors, told } = unhandled();
    const streams: MuxStream[] = [];
    let thrown = 0;
    const thrower = {
      next: () => {
        thrown++;
        bug();
      },
      error: () => undefined,
    };
    pair.server.accept$.pipe(tap((stream) => streams.push(stream))).subscribe(thrower);
    pair.server.subscribe(thrower);
    pair.server.closed$.subscribe(thrower);
    for (let n = 0; n < 2; n++) pair.client.open().next(hello);
    await turn();
    expect(streams.map((stream) => log(stream))).toEqual([['hello'], ['hello']]);
    const ended = log(pair.server.closed$);
    pair.client.error(new Error('enough'));
    // Two streams, the frames that opened them, and the end.
    expect(thrown).toBeGreaterThanOrEqual(5);
    await told(thrown);
    expect(errors).toHaveLength(thrown);
    expect(new Set(errors.map(String))).toEqual(new Set(['Error: a bug']));
    expect(ended).toEqual(['stream', 'complete']);
    expect(pair.server.streams).toEqual([]);
  });
});

function bug(): never {
  throw new Error('a bug');
}
