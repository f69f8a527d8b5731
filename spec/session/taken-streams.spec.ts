import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { SessionOptions } from '../../src/session/options.js';
import type { Frame } from '../../src/wire/frame.js';
import { yamux } from '../../src/wire/index.js';
import { rawPeer, type RawPeer } from './raw-peer.js';
import { Clock, hello } from './session-ends.js';

/** What a peer may say on a stream of ours before, or instead of, its confirmation. */
const SIGNS: readonly (readonly [what: string, sign: (id: number) => Frame])[] = [
  ['a confirmation', (id) => ({ kind: 'accept', id })],
  ['data', (id) => ({ kind: 'data', id, bytes: hello })],
  ['an empty frame of data', (id) => ({ kind: 'data', id, bytes: new Uint8Array(0) })],
  ['credit', (id) => ({ kind: 'credit', id, increment: 1000 })],
  ['an end', (id) => ({ kind: 'end', id })],
];

interface Asked {
  readonly peer: RawPeer;
  readonly streams: readonly MuxStream[];
}

async function asked(count: number, options: Partial<SessionOptions> = {}): Promise<Asked> {
  const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: new Clock(), ...options });
  const streams = Array.from({ length: count }, () => peer.session.open());
  for (const stream of streams) stream.next(hello);
  await peer.settled();
  return { peer, streams };
}

const errorOf = async (stream: MuxStream | undefined): Promise<unknown> =>
  stream === undefined ? undefined : (await firstValueFrom(stream.closed$)).error;

describe.each(SIGNS)('a stream of yamux on which the peer has sent %s', (_what, sign) => {
  test('counts as taken: a reset that follows tells that the peer may have acted on it', async () => {
    const { peer, streams } = await asked(1);
    peer.send(sign(1), { kind: 'reset', id: 1, code: 0 });
    expect(await errorOf(streams[0])).toMatchObject({ code: 'ERR_MUX_RESET', retryable: false });
  });

  test('gives its place among those not confirmed to the next, once', async () => {
    const { peer, streams } = await asked(5, { maxUnacceptedStreams: 2 });
    expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 0, 0, 0]);
    peer.send(sign(3), { kind: 'accept', id: 3 }, { kind: 'credit', id: 3, increment: 1000 });
    expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 5, 0, 0]);
    peer.send(sign(1));
    expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 5, 7, 0]);
  });

  test('may not be asked for again when the peer goes away, as those may of which it said nothing', async () => {
    const { peer, streams } = await asked(2);
    peer.send(sign(1), { kind: 'goAway', lastId: 0, code: 0, debug: new Uint8Array(0) });
    peer.end();
    expect(await errorOf(streams[0])).toMatchObject({ retryable: false });
    expect(await errorOf(streams[1])).toMatchObject({ code: 'ERR_MUX_GOAWAY', retryable: true });
  });
});

test('a stream of yamux that the peer resets without a word before was refused, and may be asked for again', async () => {
  const { peer, streams } = await asked(1);
  peer.send({ kind: 'reset', id: 1, code: 0 });
  expect(await errorOf(streams[0])).toMatchObject({ code: 'ERR_MUX_REFUSED', retryable: true });
});
