import { describe, expect, jest, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { NOBODY } from '../../src/conn/reading.js';
import { MuxError } from '../../src/errors.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, CODECS, hello } from './session-ends.js';

describe.each(CODECS)('a stream of %s', (_name, codec) => {
  const id = codec.traits.firstId.client;

  /** A stream of the peer, which has said hello. */
  async function accepted(): Promise<readonly [RawPeer, MuxStream]> {
    const peer = rawPeer({ codec, role: 'server' });
    const streams = arrivals(peer.session);
    peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello });
    await peer.settled();
    return [peer, streams[0] as MuxStream];
  }

  test('counts what is written to it, and not what is refused', async () => {
    const [, stream] = await accepted();
    stream.next(hello);
    stream.next(Uint8Array.of(1, 2, 3));
    stream.complete();
    stream._write(hello);
    expect(stream.bytesWritten).toBe(hello.length + 3);
  });

  test('calls back for a write once its bytes have left, and not before', async () => {
    const [peer, stream] = await accepted();
    const [first, second] = [jest.fn(), jest.fn()];
    stream._write(hello, first);
    await peer.settled();
    expect(first.mock.calls).toEqual([[]]);
    stream.sendWindowBytes = 0;
    stream._write(hello, second);
    await peer.settled();
    expect(second).not.toHaveBeenCalled();
    stream.onCredit(hello.length);
    await peer.settled();
    expect([first.mock.calls.length, second.mock.calls]).toEqual([1, [[]]]);
  });
});

const resetting = CODECS.filter(([, { traits }]) => traits.reset !== 'none');

describe.each(resetting)('a stream of %s that is given up', (_name, codec) => {
  const id = codec.traits.firstId.client;

  test.each([
    ['that has ended and was not answered', 'gets an end in return', true, false, false, 'end'],
    ['that has ended and was answered', 'gets a reset', true, true, false, 'reset'],
    ['that has not ended', 'gets a reset', false, false, false, 'reset'],
    ['that has ended', 'gets a reset where one is asked for', true, false, undefined, 'reset'],
  ] as const)('by a peer %s %s', async (_peer, _gets, hasEnded, isAnswered, reset, kind) => {
    const peer = rawPeer({ codec, role: 'server' });
    const streams = arrivals(peer.session);
    peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello });
    const [stream] = streams;
    log(stream as MuxStream);
    if (hasEnded) peer.send({ kind: 'end', id });
    if (isAnswered) stream?.next(hello);
    await peer.settled();
    stream?._destroy(undefined, reset);
    await peer.settled();
    expect(peer.frames.at(-1)?.kind).toBe(kind);
  });
});

describe.each(resetting)('a stream of %s that fails', (_name, codec) => {
  const id = codec.traits.firstId.client;
  const error = new MuxError('ERR_MUX_ABORT', 'had enough');

  const CONTENTS: ReadonlySet<string> = new Set(['data', 'end', 'reset']);

  /** A stream of the peer that has written what there is no window for. */
  async function waiting(): Promise<readonly [peer: RawPeer, stream: MuxStream, kinds: () => string[]]> {
    const peer = rawPeer({ codec, role: 'server' });
    const streams = arrivals(peer.session);
    peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: hello });
    await peer.settled();
    const stream = streams[0] as MuxStream;
    stream.sendWindowBytes = 0;
    stream.next(hello);
    return [peer, stream, () => peer.frames.map(({ kind }) => kind).filter((kind) => CONTENTS.has(kind))];
  }

  test('sends first what was written to it, and then its reset', async () => {
    const [peer, stream, kinds] = await waiting();
    stream._fail(error);
    stream._write(hello);
    expect([stream.isOver, stream.bytesWritten]).toEqual([false, hello.length]);
    await peer.settled();
    expect(kinds()).toEqual([]);
    stream.onCredit(100);
    await peer.settled();
    expect(kinds()).toEqual(['data', 'reset']);
    expect(await firstValueFrom(stream.closed$)).toEqual({ error });
  });

  test('resets at once when all was sent', async () => {
    const [peer, stream, kinds] = await waiting();
    stream.onCredit(100);
    await peer.settled();
    stream._fail(error);
    await peer.settled();
    expect(kinds()).toEqual(['data', 'reset']);
  });

  test('by its reader, resets at once behind its own end, and else behind it', async () => {
    for (const isSent of [true, false]) {
      const [peer, stream, kinds] = await waiting();
      const reading = stream._read(NOBODY);
      reading.resume();
      stream.complete();
      if (isSent) stream.onCredit(100);
      await peer.settled();
      reading.cancel(error);
      await peer.settled();
      expect(kinds()).toEqual(isSent ? ['data', 'end', 'reset'] : []);
      stream.onCredit(100);
      await peer.settled();
      expect(kinds()).toEqual(['data', 'end', 'reset']);
    }
  });
});
