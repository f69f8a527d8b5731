import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Session } from '../../src/session/session.js';
import { log, rawPeer } from './raw-peer.js';
import { Clock, CODECS, ends, hello } from './session-ends.js';

/** Ways to open a stream and to give it up while it waits. */
const WAYS: readonly (readonly [name: string, openAndGiveUp: (session: Session) => void])[] = [
  ['error', (session) => session.open().error('given up')],
  ['reset', (session) => session.open().reset(0)],
  ['its Duplex', (session) => void session.open().duplex().destroy()],
  [
    'its signal',
    (session) => {
      const abort = new AbortController();
      session.open({ signal: abort.signal }).subscribe({ error: () => undefined });
      abort.abort();
    },
  ],
];

describe.each(CODECS)('streams of %s that wait to be opened', (_name, codec) => {
  test.each(WAYS)('and are given up by %s leave their places to others', async (_way, openAndGiveUp) => {
    const { client } = ends(codec, { maxOpenStreams: 1, maxWaitingOpens: 2 });
    const first = client.open();
    for (let n = 0; n < 10; n++) openAndGiveUp(client);
    const next = [client.open(), client.open()];
    expect(next.map(({ isOver }) => isOver)).toEqual([false, false]);
    const { error } = await firstValueFrom(client.open().closed$);
    expect(error?.code).toBe('ERR_MUX_STREAM_LIMIT');
    first.reset(0);
    expect(next.map(({ streamId }) => streamId)).toEqual([codec.traits.firstId.client + 2, 0]);
  });
});

describe.each(CODECS.filter(([, { traits }]) => traits.heartbeat.by !== 'signal'))('pings of %s', (_name, codec) => {
  test('that are given up wait no more, and those that wait are still bounded', () => {
    const peer = rawPeer({ codec, role: 'client', scheduler: new Clock() });
    const waiting: string[][] = [];
    for (let n = 0; n < 64; n++) {
      peer.session
        .ping()
        .subscribe({ error: () => undefined })
        .unsubscribe();
      waiting.push(log(peer.session.ping()));
      peer.session
        .ping()
        .subscribe({ error: () => undefined })
        .unsubscribe();
    }
    expect(waiting.flat()).toEqual([]);
    expect(log(peer.session.ping())).toEqual(['ERR_MUX_STREAM_LIMIT']);
    peer.session.error('done');
    expect(waiting.flat()).toEqual(Array.from({ length: 64 }, () => 'ERR_MUX_ABORT'));
  });
});

const end = (stream: MuxStream): void => {
  stream.complete();
};
const leave = (stream: MuxStream): void => {
  stream.subscribe().unsubscribe();
};

describe.each(CODECS)('a stream of %s that is given up without an error', (_name, codec) => {
  test.each([
    ['read no more, then ended', [leave, end]],
    ['ended, then read no more', [end, leave]],
  ])('%s, is over in good order when the peer sends on', async (_order, acts) => {
    const peer = rawPeer({ codec, role: 'server', scheduler: new Clock() });
    const streams: MuxStream[] = [];
    peer.session.accept$.subscribe((stream) => streams.push(stream));
    const id = codec.traits.firstId.client;
    peer.send({ kind: 'open', id });
    if (codec.traits.streamType === 'prefix') peer.send({ kind: 'data', id, bytes: new Uint8Array(4) });
    const [stream] = streams;
    if (stream === undefined) throw new Error('no stream was accepted');
    for (const act of acts) act(stream);
    await peer.settled();
    peer.send({ kind: 'data', id, bytes: hello });
    expect(await firstValueFrom(stream.closed$)).toEqual({});
    expect(peer.session.streams).toEqual([]);
  });
});
