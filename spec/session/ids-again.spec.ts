import { describe, expect, test } from '@jest/globals';
import { log, rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, hello } from './session-ends.js';
import type { Frame } from '../../src/wire/frame.js';

const withReset = CODECS.filter(([, { traits }]) => traits.reset !== 'none');
const resets = ({ frames }: RawPeer): readonly Frame[] => frames.filter(({ kind }) => kind === 'reset');

/** Why the session ended early, if it did. */
async function endOf(peer: RawPeer): Promise<string | undefined> {
  let code: string | undefined;
  peer.session.closed$.subscribe(({ error }) => (code = error?.code));
  await peer.settled();
  return code;
}

describe.each(CODECS)('an id of the peer, over %s', (_name, codec) => {
  const id = codec.traits.firstId.client;
  const opening: readonly Frame[] = [
    { kind: 'open', id },
    { kind: 'data', id, bytes: hello },
  ];

  function opened() {
    const peer = rawPeer({ codec, role: 'server', scheduler: new Clock() });
    const streams = arrivals(peer.session);
    peer.send(...opening);
    expect(streams).toHaveLength(1);
    return { peer, streams };
  }

  test('that was reset here and is opened again ends the session', async () => {
    const { peer, streams } = opened();
    streams[0]?.error('enough');
    await peer.settled();
    peer.send(...opening);
    expect([await endOf(peer), streams.length]).toEqual(['ERR_MUX_STREAM_STATE', 1]);
  });

  if (codec.traits.reset !== 'none') {
    test('that was refused and is opened again ends the session', async () => {
      const peer = rawPeer({ codec, role: 'server', scheduler: new Clock(), maxStreams: 0 });
      peer.send({ kind: 'open', id });
      await peer.settled();
      expect(peer.session._life.isOver).toBe(false);
      peer.send({ kind: 'open', id });
      expect(await endOf(peer)).toBe('ERR_MUX_STREAM_STATE');
    });

    test('that the peer reset and opens again ends the session', async () => {
      const { peer, streams } = opened();
      const seen = streams.map((stream) => log(stream));
      peer.send({ kind: 'reset', id, code: codec.codeOf('cancel') });
      expect(seen.map((what) => what.at(-1))).toEqual(['ERR_MUX_RESET']);
      peer.send({ kind: 'open', id });
      expect([await endOf(peer), streams.length]).toEqual(['ERR_MUX_STREAM_STATE', 1]);
    });
  }
});

describe.each(withReset)('a stream of ours, over %s', (_name, codec) => {
  const id = codec.traits.firstId.client;

  test('that got data before it was opened is opened all the same, and its reset is sent, once', async () => {
    const peer = rawPeer({ codec, role: 'client', scheduler: new Clock() });
    peer.send({ kind: 'data', id, bytes: hello }, { kind: 'data', id, bytes: hello });
    await peer.settled();
    expect(resets(peer)).toEqual([{ kind: 'reset', id, code: codec.codeOf('streamClosed') }]);
    const stream = peer.session.open();
    stream.next(hello);
    await peer.settled();
    expect(stream.streamId).toBe(id);
    stream.error('enough');
    await peer.settled();
    expect(resets(peer)).toHaveLength(2);
    expect(peer.frames.at(-1)).toEqual({ kind: 'reset', id, code: codec.codeOf('cancel') });
    // What was on its way gets no answer.
    peer.send({ kind: 'data', id, bytes: hello });
    await peer.settled();
    expect(resets(peer)).toHaveLength(2);
    expect(peer.session._life.isOver).toBe(false);
  });

  test('that was reset here gets no second reset for all that was on its way', async () => {
    const peer = rawPeer({ codec, role: 'client', scheduler: new Clock() });
    const stream = peer.session.open();
    stream.next(hello);
    await peer.settled();
    stream.error('enough');
    for (let n = 0; n < 10; n++) peer.send({ kind: 'data', id, bytes: hello });
    peer.send({ kind: 'end', id });
    await peer.settled();
    expect(resets(peer)).toHaveLength(1);
  });
});
