import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { rawPeer, type RawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, ends, hello, readAll, turn, why } from './session-ends.js';

type Act = (stream: MuxStream) => void;

const write: Act = (stream) => {
  stream.next(hello);
};
const end: Act = (stream) => {
  stream.complete();
};
const cancel: Act = (stream) => {
  stream.cancelRead();
};
const unsubscribe: Act = (stream) => {
  stream.subscribe().unsubscribe();
};

describe.each(CODECS)('a stream of %s that is only written', (_name, codec) => {
  const hasReset = codec.traits.reset !== 'none';

  /** The peer of a stream that was written, ended and never read, in this order or another. */
  async function uploaded(acts: readonly Act[], clock = new Clock()) {
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, lingerTimeoutMs: 5000 });
    const stream = peer.session.open();
    for (const act of acts) act(stream);
    await peer.settled();
    return { peer, stream, id: stream.streamId };
  }

  const kinds = ({ frames }: RawPeer): string[] =>
    frames.map(({ kind }) => kind).filter((kind) => kind !== 'open' && kind !== 'credit');

  describe.each([
    ['cancelRead', cancel],
    ['unsubscribe', unsubscribe],
  ])('after %s', (_way, leave) => {
    const ORDERS: [when: string, acts: Act[]][] = [
      ['before it is written', [leave, write, end]],
      ['between bytes and end', [write, leave, end]],
      ['after its end', [write, end, leave]],
    ];

    test.each(ORDERS)('%s, is not reset, and ends in order with the peer', async (_order, acts) => {
      const { peer, stream, id } = await uploaded(acts);
      expect([kinds(peer), peer.session.streams]).toEqual([['data', 'end'], [stream]]);
      peer.send({ kind: 'accept', id }, { kind: 'end', id });
      await peer.settled();
      expect([kinds(peer), peer.session.streams]).toEqual([['data', 'end'], []]);
      expect(await firstValueFrom(stream.closed$)).toEqual({});
    });

    test.each(ORDERS)('%s, is reset as cancelled with the first data that comes, and once', async (_order, acts) => {
      const { peer, stream, id } = await uploaded(acts);
      peer.send({ kind: 'data', id, bytes: hello }, { kind: 'data', id, bytes: hello });
      await peer.settled();
      const resets = peer.frames.slice(-1).filter(({ kind }) => kind === 'reset');
      if (hasReset) {
        expect(resets).toEqual([{ kind: 'reset', id, code: codec.codeOf('cancel') }]);
        expect(kinds(peer)).toEqual(['data', 'end', 'reset']);
      }
      expect([peer.session.streams, peer.session._life.isOver]).toEqual([[], false]);
      expect(await firstValueFrom(stream.closed$)).toEqual({});
    });
  });

  test('that the end had left long before nobody wanted to read is treated the same', async () => {
    const { peer, stream, id } = await uploaded([write, end]);
    stream.cancelRead();
    await peer.settled();
    expect([kinds(peer), peer.session.streams]).toEqual([['data', 'end'], [stream]]);
    peer.send({ kind: 'end', id });
    expect(await firstValueFrom(stream.closed$)).toEqual({});
  });

  test('is given up after lingerTimeoutMs by a peer that neither sends nor ends, and no earlier', async () => {
    const clock = new Clock();
    const { peer, stream } = await uploaded([cancel, write, end], clock);
    await clock.pass(4999);
    expect(peer.session.streams).toEqual([stream]);
    await clock.pass(3000);
    expect(peer.session.streams).toEqual([]);
    expect(await why(stream)).toBe('ERR_MUX_TIMEOUT');
  });

  test('brings all of its bytes to a peer that reads them late, and to its end', async () => {
    const { client, server } = ends(codec);
    const far = arrivals(server);
    const stream = client.open();
    stream.cancelRead();
    const bytes = new Uint8Array(60_000).fill(7);
    stream.next(bytes);
    stream.complete();
    await turn();
    await turn();
    const [taken] = far;
    if (taken === undefined) throw new Error('no stream was accepted');
    const all = readAll(taken);
    taken.complete();
    expect((await all).length).toBe(bytes.length);
    expect(await Promise.all([why(stream), why(taken)])).toEqual([undefined, undefined]);
  });

  test('that the session is told to end goes to its end like any other', async () => {
    const { peer, stream, id } = await uploaded([cancel, write, end]);
    peer.session.goAway();
    await peer.settled();
    expect(peer.session._life.isOver).toBe(false);
    peer.send({ kind: 'end', id });
    await peer.settled();
    peer.end();
    expect(await Promise.all([why(stream), why(peer.session)])).toEqual([undefined, undefined]);
  });
});
