import { describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Session } from '../../src/session/session.js';
import { log } from './raw-peer.js';
import { arrivals, CODECS, ends, hello, turn, type Ends } from './session-ends.js';

const STREAMS = 20;

/** The ways in which all streams of a signal end. */
const WAYS: readonly (readonly [name: string, end: (streams: readonly MuxStream[], pair: Ends) => void])[] = [
  ['an orderly end of both sides', (streams) => streams.forEach((stream) => stream.complete())],
  ['a reset', (streams) => streams.forEach((stream) => stream.reset(0))],
  ['an error', (streams) => streams.forEach((stream) => stream.error(new Error('given up')))],
  ['the end of the session', (_, { client }) => client.error(new Error('enough'))],
  ['the end of the connection', (_, { conns }) => conns[1].error(new Error('cable'))],
];

describe.each(CODECS)('streams of %s that share a signal', (_name, codec) => {
  const open = (session: Session, signal: AbortSignal): MuxStream[] =>
    Array.from({ length: STREAMS }, () => {
      const stream = session.open({ signal });
      log(stream);
      stream.next(hello);
      return stream;
    });

  test.each(WAYS)('share one listener, and leave none after %s', async (_way, end) => {
    const pair = ends(codec);
    // The peer ends each stream as soon as we do.
    pair.server.accept$.subscribe({
      next: (stream) => {
        stream.subscribe({ complete: () => stream.complete(), error: () => undefined });
      },
      error: () => undefined,
    });
    const { signal } = new AbortController();
    const streams = open(pair.client, signal);
    await turn();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    end(streams, pair);
    await turn();
    expect(streams.map(({ isOver }) => isOver)).toEqual(streams.map(() => true));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('keep the listener until the last of them ends, also while it waits to be opened', async () => {
    const { client, server } = ends(codec, { maxOpenStreams: STREAMS - 1 });
    arrivals(server);
    const { signal } = new AbortController();
    const streams = open(client, signal);
    const waiting = streams.pop();
    expect(waiting?.streamId).toBe(0);
    waiting?.reset(0);
    const last = streams.pop();
    for (const stream of streams) stream.reset(0);
    await turn();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    last?.reset(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    // The signal serves streams that are opened later.
    void client.open({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  });

  test('are all reset by it, and leave no listener', async () => {
    const { client, server } = ends(codec);
    const accepted = arrivals(server);
    const abort = new AbortController();
    const streams = open(client, abort.signal);
    await turn();
    abort.abort();
    await turn();
    expect(streams.map(({ isOver }) => isOver)).toEqual(streams.map(() => true));
    expect(accepted.map(({ remoteEnded, isOver }) => remoteEnded || isOver)).toEqual(streams.map(() => true));
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('put no listener on a signal that has aborted, or when the session is over', () => {
    const { client } = ends(codec);
    const { signal } = new AbortController();
    const aborted = AbortSignal.abort();
    expect(client.open({ signal: aborted }).isOver).toBe(true);
    client.error(new Error('enough'));
    expect(client.open({ signal }).isOver).toBe(true);
    expect([...getEventListeners(signal, 'abort'), ...getEventListeners(aborted, 'abort')]).toEqual([]);
  });
});
