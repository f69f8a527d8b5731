import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, VirtualTimeScheduler, VirtualAction } from 'rxjs';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';

const hello = Buffer.from('hello');
const muxado1 = muxado({ version: 1 });
const muxado2 = muxado();
const typed = muxado({ typed: true });
const smux2 = smux({ version: 2 });

function accepted({ session }: RawPeer): MuxStream[] {
  const streams: MuxStream[] = [];
  session.accept$.subscribe((stream) => streams.push(stream));
  return streams;
}

async function why({ session }: RawPeer): Promise<string | undefined> {
  return (await firstValueFrom(session.closed$)).error?.code;
}

describe('muxado 1', () => {
  test('session case 3: stream 1 of a client ends the session, and our own first id is 3', async () => {
    const server = rawPeer({ codec: muxado1, role: 'server' });
    server.send({ kind: 'open', id: 1 });
    expect(await why(server)).toBe('ERR_MUX_STREAM_STATE');
    const client = rawPeer({ codec: muxado1, role: 'client' });
    void client.session.open();
    await client.settled();
    expect(client.frames).toEqual([{ kind: 'open', id: 3, credit: 0 }]);
  });

  test('ids that do not ascend end the session', async () => {
    const peer = rawPeer({ codec: muxado1, role: 'server' });
    peer.send({ kind: 'open', id: 5 }, { kind: 'open', id: 3 });
    expect(await why(peer)).toBe('ERR_MUX_STREAM_STATE');
  });

  test('session case 6: beats of the peer are echoed with accept$ unsubscribed, for as long as it likes', async () => {
    const peer = rawPeer({ codec: muxado1, role: 'server' });
    peer.sendHex('00 08 06 01 00 00 00 03 7f ff ff ff ff ff fe ff');
    for (let beat = 0; beat < 20; beat++) peer.sendHex('00 04 00 03 00 00 00 03 00 00 00 00');
    await peer.settled();
    const echoes = peer.frames.filter((frame) => frame.kind === 'data');
    expect(echoes).toEqual(Array.from({ length: 20 }, () => ({ kind: 'data', id: 3, bytes: new Uint8Array(4) })));
    expect(peer.session.streams).toEqual([]);
  });

  test('session case 7: two heartbeat streams of one peer are both answered', async () => {
    const peer = rawPeer({ codec: muxado1, role: 'server' });
    for (const id of [3, 5]) peer.send({ kind: 'open', id, type: 0xffff_feff });
    for (const id of [3, 5]) peer.send({ kind: 'data', id, bytes: Uint8Array.of(0, 0, 0, id) });
    await peer.settled();
    expect(peer.frames.filter(({ kind }) => kind === 'data')).toEqual([
      { kind: 'data', id: 3, bytes: Uint8Array.of(0, 0, 0, 3) },
      { kind: 'data', id: 5, bytes: Uint8Array.of(0, 0, 0, 5) },
    ]);
  });

  test('session case 8: 10,000 streams of an unknown extension are refused, and nothing is kept of them', async () => {
    const peer = rawPeer({ codec: muxado1, role: 'server' });
    const streams = accepted(peer);
    for (let n = 0; n < 10_000; n++) peer.send({ kind: 'open', id: 3 + 2 * n, type: 0xffff_ff00 });
    await peer.settled();
    expect(peer.frames).toHaveLength(10_000);
    expect(peer.frames[0]).toEqual({ kind: 'reset', id: 3, code: 4 });
    expect([streams, peer.session.streams]).toEqual([[], []]);
  });

  test('types and priorities arrive, and an opened type is in the opening frame', async () => {
    const peer = rawPeer({ codec: muxado1, role: 'client' });
    const streams = accepted(peer);
    peer.send({ kind: 'open', id: 2, type: 42, priority: 0x7fff_ffff });
    expect(streams.map(({ meta, weight }) => [meta.type, weight])).toEqual([[42, 256]]);
    void peer.session.open({ type: 7 });
    await peer.settled();
    expect(peer.frames).toEqual([{ kind: 'open', id: 3, credit: 0, type: 7 }]);
  });
});

describe('muxado 2', () => {
  test('session case 9: an open without a byte is not told, unless eager', async () => {
    const peer = rawPeer({ codec: muxado2, role: 'client' });
    void peer.session.open();
    await peer.settled();
    expect(peer.sent()).toBe('');
    void peer.session.open({ eager: true });
    await peer.settled();
    expect(peer.sent()).toBe('0000001200000005');
  });

  test('session case 9: with types, type and first bytes share a frame', async () => {
    const peer = rawPeer({ codec: typed, role: 'client' });
    peer.session.open({ type: 9 }).next(hello);
    await peer.settled();
    expect(peer.sent()).toBe(`000009120000000300000009${hello.toString('hex')}`);
  });

  test('session case 10: opening frames come in any order', () => {
    const peer = rawPeer({ codec: muxado2, role: 'server' });
    const streams = accepted(peer);
    for (const id of [7, 3, 5]) peer.send({ kind: 'open', id });
    expect(streams.map(({ streamId }) => streamId)).toEqual([7, 3, 5]);
  });

  test('session case 11: an empty write keeps the opening for the bytes behind it', async () => {
    const peer = rawPeer({ codec: muxado2, role: 'client' });
    const stream = peer.session.open();
    stream.next(new Uint8Array(0));
    await peer.settled();
    stream.next(Buffer.from('x'));
    await peer.settled();
    expect(peer.sent()).toBe('000001120000000378');
  });

  test('session case 12: request and end are two frames, and so are opening and end without a byte', async () => {
    const peer = rawPeer({ codec: muxado2, role: 'client' });
    const asked = peer.session.open();
    asked.next(hello);
    asked.complete();
    peer.session.open().complete();
    await peer.settled();
    expect(peer.sent()).toBe(
      `0000051200000003${hello.toString('hex')}0000001100000003` + '00000012000000050000001100000005',
    );
  });

  test('session case 13: our GoAway is followed by its padding', async () => {
    const peer = rawPeer({ codec: muxado2, role: 'server' });
    const [stream] = [accepted(peer)];
    peer.send({ kind: 'open', id: 3 });
    peer.session.goAway();
    await peer.settled();
    expect(peer.sent()).toBe('00000830000000000000000300000000' + '000000117fffffff');
    expect(stream).toHaveLength(1);
  });

  test('session case 14: a GoAway that leaves 8 bytes out of its length, then the end, is an orderly end', async () => {
    const peer = rawPeer({ codec: muxado2, role: 'server' });
    const text = Buffer.from('no error, bye').toString('hex');
    peer.sendHex(`00 00 0d 30 00 00 00 00 00 00 00 00 00 00 00 00 ${text}`);
    peer.end();
    expect(await firstValueFrom(peer.session.closed$)).toMatchObject({ initiator: 'remote', remoteCode: 0 });
    expect(await why(peer)).toBeUndefined();
  });

  test('session case 52: half a type holds back no other stream, and is reset in time', async () => {
    const scheduler = new VirtualTimeScheduler(VirtualAction, 10_001);
    const peer = rawPeer({ codec: typed, role: 'server', scheduler });
    const streams = accepted(peer);
    peer.send({ kind: 'open', id: 3 }, { kind: 'data', id: 3, bytes: Uint8Array.of(0, 0) });
    peer.send({ kind: 'open', id: 5 }, { kind: 'data', id: 5, bytes: Uint8Array.of(0, 0, 0, 8) });
    expect(streams.map(({ streamId, meta }) => [streamId, meta.type])).toEqual([[5, 8]]);
    scheduler.flush();
    await peer.settled();
    expect(peer.frames).toContainEqual({ kind: 'reset', id: 3, code: 2 });
    expect(peer.session.streams.map(({ streamId }) => streamId)).toEqual([5]);
  });
});

describe('yamux', () => {
  test('session case 16: a stream is confirmed at once, also while nobody accepts', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'server' });
    peer.send({ kind: 'open', id: 1 });
    await peer.settled();
    expect(peer.frames).toEqual([{ kind: 'accept', id: 1, credit: 0 }]);
  });

  test('session case 17: a larger window in the opening or the confirmation is used', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'server' });
    const [stream] = accepted(peer);
    expect(stream).toBeUndefined();
    peer.send({ kind: 'open', id: 1, credit: 0xfc_0000 });
    const ours = peer.session.open();
    await peer.settled();
    peer.send({ kind: 'accept', id: ours.streamId, credit: 0xfc_0000 });
    expect(peer.session.streams.map(({ sendWindowBytes }) => sendWindowBytes)).toEqual([16 << 20, 16 << 20]);
  });

  test('our larger window is told as we open and as we accept', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'server', windowBytes: 1 << 20 });
    peer.send({ kind: 'open', id: 1 });
    void peer.session.open();
    await peer.settled();
    const credit = (1 << 20) - 262_144;
    expect(peer.frames).toEqual([
      { kind: 'accept', id: 1, credit },
      { kind: 'open', id: 2, credit },
    ]);
  });

  test('session case 18: pings are answered, unknown and late answers ignored', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'server' });
    peer.send({ kind: 'pong', value: 99 }, { kind: 'ping', value: 7 });
    await peer.settled();
    expect(peer.frames).toEqual([{ kind: 'pong', value: 7 }]);
  });

  test('session case 20: a reset with a number in its length tells it, and grants nothing', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'client' });
    const stream = peer.session.open();
    await peer.settled();
    peer.send({ kind: 'accept', id: 1 });
    const end = firstValueFrom(stream).catch((error: unknown) => error);
    peer.sendHex('00 01 00 08 00 00 00 01 00 00 00 2a');
    expect(await end).toMatchObject({ code: 'ERR_MUX_RESET', wireCode: 42, streamId: 1 });
  });
});

describe.each([
  ['muxado1', muxado1],
  ['muxado2', muxado2],
  ['yamux', yamux()],
] as [string, Codec][])('a stream of %s that nobody is to read', (_name, codec) => {
  async function opened(onCancel: 'drain' | 'reset'): Promise<{ peer: RawPeer; stream: MuxStream }> {
    const peer = rawPeer({ codec, role: 'client', onCancel });
    const stream = peer.session.open();
    stream.next(hello);
    await peer.settled();
    stream.cancelRead();
    return { peer, stream };
  }

  test('drops what comes, lets it be sent on, and is reset when more comes after our side has ended', async () => {
    const { peer, stream } = await opened('drain');
    const chunk = new Uint8Array(16_000);
    for (let n = 0; n < 10; n++) {
      peer.send({ kind: 'data', id: stream.streamId, bytes: chunk });
      await peer.settled();
    }
    expect(stream.receiveWindowBytes - stream.window.creditBytes).toBeLessThan(stream.receiveWindowBytes / 2);
    expect(peer.frames.filter(({ kind }) => kind === 'reset')).toEqual([]);
    stream.complete();
    await peer.settled();
    expect(peer.frames.at(-1)).toEqual({ kind: 'end', id: stream.streamId });
    peer.send({ kind: 'data', id: stream.streamId, bytes: chunk });
    await peer.settled();
    expect(peer.frames.at(-1)).toEqual({ kind: 'reset', id: stream.streamId, code: codec.codeOf('cancel') });
  });

  test('is reset at once if told so', async () => {
    const { peer, stream } = await opened('reset');
    await peer.settled();
    expect(peer.frames.slice(-1)).toEqual([{ kind: 'reset', id: stream.streamId, code: codec.codeOf('cancel') }]);
    expect(peer.session.streams).toEqual([]);
  });
});

describe('smux', () => {
  test('session case 21: counters pass 2^32 without a stop', async () => {
    const peer = rawPeer({ codec: smux2, role: 'client' });
    const stream = peer.session.open();
    stream.sentBytes = 0xffff_ff00;
    stream.window.consumedBytes = 0xffff_ff00;
    stream.next(new Uint8Array(1000));
    await peer.settled();
    peer.send({ kind: 'credit', id: 3, increment: 0, consumed: 744, window: 65_536 });
    expect(stream.sendWindowBytes).toBe(65_536);
    const seen = log(stream);
    peer.send({ kind: 'data', id: 3, bytes: new Uint8Array(32_768) });
    for (let n = 0; n < 4; n++) peer.send({ kind: 'data', id: 3, bytes: new Uint8Array(32_768) });
    await peer.settled();
    expect(seen).toHaveLength(5);
    expect(peer.frames.filter(({ kind }) => kind === 'credit')).toEqual([
      { kind: 'credit', id: 3, increment: 0, consumed: (0xffff_ff00 + 4 * 32_768) % 2 ** 32, window: 262_144 },
    ]);
  });

  test.each([
    ['1', smux(), '02 00 00 00 03 00 00 00'],
    ['2', smux2, '01 00 00 00 03 00 00 00'],
  ] as [string, Codec, string][])(
    'session case 22: a first frame of another version than %s ends session and connection',
    async (_version, codec, hex) => {
      const peer = rawPeer({ codec, role: 'server' });
      peer.sendHex(hex);
      expect(await why(peer)).toBe('ERR_MUX_FRAME');
      expect(peer.ends).toEqual(['complete']);
    },
  );

  test('session case 23: after the end of the peer a reply still flows, and one that it does not take is given up', async () => {
    const scheduler = new VirtualTimeScheduler(VirtualAction, 40_000);
    const peer = rawPeer({ codec: smux2, role: 'server', scheduler });
    const streams = accepted(peer);
    peer.send({ kind: 'open', id: 3 }, { kind: 'end', id: 3 });
    const [stream] = streams;
    stream?.next(new Uint8Array(300_000));
    const closed = stream === undefined ? undefined : firstValueFrom(stream.closed$);
    await peer.settled();
    const bytes = peer.frames.reduce((sum, frame) => sum + (frame.kind === 'data' ? frame.bytes.length : 0), 0);
    expect(bytes).toBe(262_144);
    scheduler.flush();
    expect((await closed)?.error?.code).toBe('ERR_MUX_TIMEOUT');
    expect(peer.session.streams).toEqual([]);
  });
});
