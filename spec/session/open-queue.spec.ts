import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Codec } from '../../src/wire/codec.js';
import { yamux } from '../../src/wire/index.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, ends, hello, turn, why } from './session-ends.js';

/** The same protocol with so many ids for the client. */
function withIds(codec: Codec, count: number): Codec {
  const { firstId } = codec.traits;
  return { ...codec, traits: { ...codec.traits, maxId: firstId.client + 2 * (count - 1) } };
}

describe.each(CODECS)('opening streams of %s', (_name, codec) => {
  test('session case 65: past the highest id fails, may be tried elsewhere, and ends the session in good order', async () => {
    const { client, server } = ends(withIds(codec, 3));
    const accepted = arrivals(server);
    const streams = Array.from({ length: 5 }, () => client.open());
    for (const stream of streams) stream.next(hello);
    const late = await Promise.all(streams.slice(3).map(({ closed$ }) => firstValueFrom(closed$)));
    expect(late[0]?.error).toMatchObject({ code: 'ERR_MUX_IDS_EXHAUSTED', retryable: true });
    expect(late[1]?.error).toMatchObject({ retryable: true });
    await turn();
    // The last that were given go on, as after any goAway.
    expect(accepted).toHaveLength(3);
    expect(client.streams).toEqual(streams.slice(0, 3));
    expect(await why(client.open())).toBe('ERR_MUX_GOAWAY');
    for (const stream of accepted) {
      stream.next(hello);
      stream.complete();
    }
    const seen = streams.slice(0, 3).map((stream) => log(stream));
    for (const stream of streams) stream.complete();
    for (const stream of accepted) log(stream);
    await turn();
    expect(seen).toEqual(Array.from({ length: 3 }, () => ['hello', 'complete']));
    const said = codec.traits.goAway === 'none' ? {} : { remoteCode: 0 };
    expect(await firstValueFrom(client.closed$)).toMatchObject({ initiator: 'local' });
    expect(await firstValueFrom(server.closed$)).toMatchObject({ initiator: 'remote', ...said });
    expect(await Promise.all([why(client), why(server)])).toEqual([undefined, undefined]);
  });

  test('waits for room in order, with what was written meanwhile', async () => {
    const { client, server } = ends(codec, { maxOpenStreams: 1 });
    const accepted = arrivals(server);
    const streams = [client.open(), client.open(), client.open()];
    streams.forEach((stream, n) => {
      stream.next(Uint8Array.from([0x61 + n]));
      stream.complete();
      log(stream);
    });
    expect(streams.map(({ streamId }) => streamId > 0)).toEqual([true, false, false]);
    const seen: string[][] = [];
    for (let n = 0; n < 3; n++) {
      await turn();
      expect(accepted).toHaveLength(n + 1);
      seen.push(log(accepted[n] as MuxStream));
      accepted[n]?.complete();
    }
    await turn();
    expect(seen).toEqual([
      ['a', 'complete'],
      ['b', 'complete'],
      ['c', 'complete'],
    ]);
    expect([client.streams, server.streams]).toEqual([[], []]);
  });

  test('fails past the calls that may wait, and never takes one that was given up for an id', async () => {
    const { client } = ends(codec, { maxOpenStreams: 1, maxWaitingOpens: 2 });
    const streams = Array.from({ length: 4 }, () => client.open());
    const { error } = await firstValueFrom((streams[3] as MuxStream).closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_STREAM_LIMIT', retryable: true });
    streams[1]?.reset(0);
    streams[0]?.reset(0);
    expect(streams.map(({ streamId }) => streamId)).toEqual([
      codec.traits.firstId.client,
      0,
      codec.traits.firstId.client + 2,
      0,
    ]);
  });

  test('tells bad options at once', () => {
    const { client } = ends(codec);
    expect(() => client.open({ weight: 0 })).toThrow('[ERR_MUX_OPTION] weight is a whole number from 1 to 256, not 0');
    expect(() => client.open({ weight: 257 })).toThrow('ERR_MUX_OPTION');
    expect(() => client.open({ type: -1 })).toThrow('ERR_MUX_OPTION');
    if (codec.traits.streamType === 'none') expect(() => client.open({ type: 1 })).toThrow('ERR_MUX_USAGE');
    expect(client.streams).toEqual([]);
  });
});

test('with yamux no more are opened than the peer has confirmed and its backlog takes', async () => {
  const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: new Clock(), maxUnacceptedStreams: 2 });
  const streams = Array.from({ length: 4 }, () => peer.session.open());
  await peer.settled();
  expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 0, 0]);
  peer.send({ kind: 'accept', id: 3, credit: 0 }, { kind: 'accept', id: 3, credit: 0 });
  expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 5, 0]);
  peer.send({ kind: 'reset', id: 1, code: 0 });
  expect(streams.map(({ streamId }) => streamId)).toEqual([1, 3, 5, 7]);
});
