import { describe, expect, test } from '@jest/globals';
import type { Codec } from '../../src/wire/codec.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, CODECS, hello } from './session-ends.js';

const typed = CODECS.filter(([, { traits }]) => traits.heartbeat.streamType !== undefined);

/** The peer opens a stream of a type, as the wire says it. */
function open(peer: RawPeer, { traits }: Codec, type: number): void {
  const id = traits.firstId.server;
  if (traits.streamType !== 'prefix') peer.send({ kind: 'open', id, type });
  else {
    const bytes = Uint8Array.of(type >>> 24, type >>> 16, type >>> 8, type);
    peer.send({ kind: 'open', id }, { kind: 'data', id, bytes });
  }
}

describe.each(typed)('types of streams of a peer of %s', (_name, codec: Codec) => {
  const id = codec.traits.firstId.server;

  test('are no bytes of the stream, nor is a type alone', async () => {
    const peer = rawPeer({ codec, role: 'client' });
    const streams = arrivals(peer.session);
    open(peer, codec, 7);
    const seen = streams.map((stream) => log(stream));
    peer.send({ kind: 'data', id, bytes: hello });
    await peer.settled();
    expect([streams.map(({ meta }) => meta.type), seen]).toEqual([[7], [['hello']]]);
  });

  test('of heartbeats make none of it a stream of the session, and nothing is echoed before the first beat', async () => {
    const peer = rawPeer({ codec, role: 'client' });
    const streams = arrivals(peer.session);
    open(peer, codec, codec.traits.heartbeat.streamType ?? 0);
    await peer.settled();
    expect([peer.frames, streams, peer.session._life.core.streamsAccepted]).toEqual([[], [], 0]);
  });
});

const reserving = typed.flatMap(([name, codec]) =>
  codec.traits.reservedTypes === undefined ? [] : [[name, codec, codec.traits.reservedTypes] as const],
);

test.each(reserving)(
  'a type of %s that is reserved, and not that of heartbeats, is refused',
  async (_name, codec, first) => {
    for (const type of [first, first + 1, first + 2]) {
      if (type === codec.traits.heartbeat.streamType) continue;
      const peer = rawPeer({ codec, role: 'client' });
      const streams = arrivals(peer.session);
      open(peer, codec, type);
      await peer.settled();
      expect([peer.frames.map(({ kind }) => kind), streams]).toEqual([['reset'], []]);
    }
  },
);
