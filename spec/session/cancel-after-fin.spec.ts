import { describe, expect, test } from '@jest/globals';
import { NEVER } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { rawPeer } from './raw-peer.js';
import { arrivals, CODECS, hello } from './session-ends.js';

/** The ways to want no more of a stream. */
const LEAVES: readonly (readonly [name: string, leave: (stream: MuxStream) => void])[] = [
  ['cancelRead', (stream) => stream.cancelRead()],
  [
    'a subscriber that leaves with bytes unread',
    (stream) =>
      stream
        .pipe(consume(() => NEVER))
        .subscribe()
        .unsubscribe(),
  ],
];

describe.each(CODECS)('a reader of a stream of %s that leaves after the FIN of the peer', (_name, codec) => {
  test.each(LEAVES)("by %s, leaves the stream open for the reply, with onCancel 'reset' too", async (_way, leave) => {
    const peer = rawPeer({ codec, role: 'server', onCancel: 'reset' });
    const streams = arrivals(peer.session);
    const id = codec.traits.firstId.client;
    peer.send({ kind: 'open', id });
    if (codec.traits.streamType === 'prefix') peer.send({ kind: 'data', id, bytes: new Uint8Array(4) });
    peer.send({ kind: 'data', id, bytes: hello }, { kind: 'end', id });
    const [stream] = streams;
    if (stream === undefined) throw new Error('no stream was accepted');
    leave(stream);
    await peer.settled();
    expect([stream.isOver, peer.session.streams]).toEqual([false, [stream]]);
    stream.next(Buffer.from('reply'));
    stream.complete();
    await peer.settled();
    const sent = peer.frames.filter((frame) => 'id' in frame && frame.id === id);
    expect(sent.filter(({ kind }) => kind === 'data' || kind === 'end' || kind === 'reset')).toEqual([
      { kind: 'data', id, bytes: Uint8Array.from(Buffer.from('reply')) },
      { kind: 'end', id },
    ]);
    expect(peer.session.streams).toEqual([]);
  });
});
