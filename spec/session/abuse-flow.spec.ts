import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { MuxError } from '../../src/errors.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { bytesOf, growthOf, hostile, tells, type Hostile } from './abuse/hostile.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, turn, why } from './session-ends.js';

const MIB = 1 << 20;
const muxado1 = muxado({ version: 1 });
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const windowed = CODECS.filter(([, { traits }]) => traits.credit !== 'none');
const untyped = CODECS.filter(([, { traits }]) => traits.streamType !== 'prefix');

/** Ids of the peer's first streams. */
const idOf = ({ traits }: Codec, n = 0): number => traits.firstId.client + 2 * n;

/** Why a stream ended early. */
async function errorOf(stream: MuxStream | undefined): Promise<MuxError | undefined> {
  return stream === undefined ? undefined : (await firstValueFrom(stream.closed$)).error;
}

/** Everything that may arrive on a stream before a byte of it is read. */
function windowFull(peer: Hostile, codec: Codec, id: number): void {
  const { initialWindowBytes, maxPayloadBytes } = codec.traits;
  for (let left = initialWindowBytes; left > 0; left -= maxPayloadBytes)
    peer.send({ kind: 'data', id, bytes: new Uint8Array(Math.min(left, maxPayloadBytes)) });
}

describe('yamux data of 4 GiB', () => {
  const announced = (id: string): Uint8Array => hex(`00 00 00 00 ${id} ff ff ff ff`);

  test('session case 39: on an open stream ends the session at its header, before a byte of its body', async () => {
    const peer = hostile({ codec: yamux() });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id: 1 });
    peer.write(announced('00 00 00 01'));
    expect(peer.error()?.code).toBe('ERR_MUX_FLOW_CONTROL');
    expect(tells(peer.error(), 0xffff_ffff, 262_144)).toBe(true);
    expect([peer.stats().framesRead, peer.stats().heldBytes]).toEqual([2, 0]);
    expect((await errorOf(streams[0]))?.code).toBe('ERR_MUX_FLOW_CONTROL');
    await peer.flood(100, () => new Uint8Array(1), 1);
    expect([...peer.replies]).toEqual([
      ['accept', 1],
      ['goAway', 1],
    ]);
  });

  test('session case 39: on an unknown stream is refused once and drained, and nothing of it is kept', async () => {
    const peer = hostile({ codec: yamux() });
    peer.write(announced('00 00 00 07'));
    await peer.flood(1, () => new Uint8Array(1));
    const growth = await growthOf(async () => {
      await peer.flood(20_000, () => new Uint8Array(1), 1000);
      for (let n = 0; n < 2000; n++) peer.write(new Uint8Array(1));
      await peer.flood(64, () => new Uint8Array(MIB), 1);
    });
    expect(growth).toBeLessThan(MIB);
    expect(peer.stats()).toMatchObject({ framesRead: 1, heldBytes: 0, inboundStreams: 0 });
    expect([...peer.replies]).toEqual([['reset 0', 1]]);
    expect(peer.error()).toBeUndefined();
  });
});

test('session case 40: 16 MB of data on a window of 256 KiB reset the stream at the header; the body is dropped', async () => {
  const codec = muxado();
  const peer = hostile({ codec });
  const [streams, echo] = [arrivals(peer.victim), Buffer.from('still here')];
  peer.send({ kind: 'open', id: 3 }, { kind: 'open', id: 5 });
  const [first, second] = streams;
  peer.write(hex('ff ff ff 10 00 00 00 03'));
  const error = await errorOf(first);
  expect(error?.code).toBe('ERR_MUX_FLOW_CONTROL');
  expect(tells(error, 0xff_ffff, 262_144)).toBe(true);
  expect([...peer.replies]).toEqual([['reset 3', 1]]);
  const growth = await growthOf(async () => {
    await peer.flood(255, () => new Uint8Array(65_536), 1);
    peer.write(new Uint8Array(65_535));
  });
  expect(growth).toBeLessThan(MIB);
  const seen = second === undefined ? [] : log(second);
  peer.send({ kind: 'data', id: 5, bytes: echo });
  expect(seen).toEqual(['still here']);
  expect(peer.stats()).toMatchObject({ inboundStreams: 1, heldBytes: 0 });
  expect(peer.error()).toBeUndefined();
});

describe.each(windowed)('a window of %s', (_name, codec) => {
  const { initialWindowBytes, overflowEnds, streamType, reset } = codec.traits;
  const id = idOf(codec);

  async function overflown(): Promise<Hostile> {
    const peer = hostile({ codec });
    arrivals(peer.victim);
    peer.send({ kind: 'open', id }, { kind: 'open', id: id + 2 });
    windowFull(peer, codec, id);
    expect(peer.error()).toBeUndefined();
    const read = streamType === 'prefix' ? 4 : 0;
    expect(peer.stats().heldBytes).toBe(initialWindowBytes - read);
    peer.send({ kind: 'data', id, bytes: new Uint8Array(8 + read) });
    await turn();
    return peer;
  }

  test('session case 41: is overflown by what is past its last byte, told with both figures', async () => {
    const peer = await overflown();
    if (overflowEnds === 'session') {
      expect(peer.error()?.code).toBe('ERR_MUX_FLOW_CONTROL');
      expect(tells(peer.error(), 8, 0)).toBe(true);
      return;
    }
    expect(peer.error()).toBeUndefined();
    expect(peer.replies.get(reset === 'none' ? 'end' : 'reset 3')).toBe(1);
    expect(peer.stats().heldBytes).toBe(0);
    peer.send({ kind: 'data', id: id + 2, bytes: Buffer.from('\0\0\0\x08hello') });
    expect(peer.stats().heldBytes).toBeGreaterThan(0);
    await peer.flood(100, () => bytesOf(codec, { kind: 'data', id, bytes: new Uint8Array(1000) }), 10);
    expect(peer.replies.get(reset === 'none' ? 'end' : 'reset 3')).toBe(1);
    expect(peer.error()).toBeUndefined();
  });
});

test('session case 41: one byte past the window of muxado 1, then frames of others in the same chunk', async () => {
  const peer = rawPeer({ codec: muxado1, role: 'server', scheduler: new Clock() });
  const streams = arrivals(peer.session);
  peer.send({ kind: 'open', id: 3 }, { kind: 'open', id: 5 });
  for (const length of [16_383, 16_383, 16_383, 16_383, 3])
    peer.send({ kind: 'data', id: 3, bytes: new Uint8Array(length) });
  const [first, second] = streams;
  const past = bytesOf(
    muxado1,
    { kind: 'data', id: 3, bytes: Uint8Array.of(1, 2) },
    { kind: 'data', id: 5, bytes: Buffer.from('after') },
    { kind: 'end', id: 5 },
  );
  peer.sendHex(Buffer.from(past).toString('hex'));
  await peer.settled();
  expect(peer.frames).toEqual([{ kind: 'reset', id: 3, code: 3 }]);
  expect(second === undefined ? [] : log(second)).toEqual(['after', 'complete']);
  const error = await errorOf(first);
  expect(error?.code).toBe('ERR_MUX_FLOW_CONTROL');
  expect(tells(error, 2, 1)).toBe(true);
});

describe.each(windowed.filter(([, { traits }]) => traits.credit === 'delta'))('credit of %s', (_name, codec) => {
  const { initialWindowBytes, maxWindowBytes, overflowEnds } = codec.traits;
  const id = idOf(codec);
  const opening = streamOpening(codec, id);

  test('session case 49: is taken up to the most that the protocol counts, and is over one byte past it', async () => {
    const peer = hostile({ codec });
    arrivals(peer.victim);
    peer.write(opening);
    const [stream] = peer.victim.streams;
    peer.send({ kind: 'credit', id, increment: maxWindowBytes - initialWindowBytes });
    expect(stream?.sendWindowBytes).toBe(maxWindowBytes);
    peer.send({ kind: 'credit', id, increment: 1 });
    await turn();
    const error = await errorOf(stream);
    expect(error?.code).toBe('ERR_MUX_FLOW_CONTROL');
    expect(tells(error, maxWindowBytes + 1, maxWindowBytes)).toBe(true);
    expect(peer.error()?.code).toBe(overflowEnds === 'session' ? 'ERR_MUX_FLOW_CONTROL' : undefined);
  });

  test('session case 49: of the most there is, a thousand times, stays a whole number below 2^53', async () => {
    const peer = hostile({ codec });
    arrivals(peer.victim);
    peer.write(opening);
    const [stream] = peer.victim.streams;
    await peer.flood(1000, () => bytesOf(codec, { kind: 'credit', id, increment: maxWindowBytes }), 100);
    expect(stream?.sendWindowBytes).toBeLessThanOrEqual(maxWindowBytes);
    expect(peer.replies.get(overflowEnds === 'session' ? 'goAway' : 'reset 3')).toBe(1);
  });
});

test('session case 49: a window in the opening frame is held to the same limit (yamux)', () => {
  const peer = hostile({ codec: yamux() });
  arrivals(peer.victim);
  peer.send({ kind: 'open', id: 1, credit: 0xffff_ffff });
  expect(peer.error()?.code).toBe('ERR_MUX_FLOW_CONTROL');
  expect(tells(peer.error(), 0xffff_ffff + 262_144, 0xffff_ffff)).toBe(true);
});

test('session case 49: an absolute window of any size is a whole number, and one below what was sent a fault (smux 2)', async () => {
  const codec = smux({ version: 2 });
  const peer = hostile({ codec });
  const streams = arrivals(peer.victim);
  peer.send({ kind: 'open', id: 3 });
  for (let n = 0; n < 1000; n++) peer.send({ kind: 'credit', id: 3, increment: 0, consumed: 0, window: 0xffff_ffff });
  expect(streams[0]?.sendWindowBytes).toBe(0xffff_ffff);
  peer.send({ kind: 'credit', id: 3, increment: 0, consumed: 1, window: 262_144 });
  expect(peer.victim.streams).toEqual([]);
  expect((await errorOf(streams[0]))?.code).toBe('ERR_MUX_FLOW_CONTROL');
  expect(peer.error()).toBeUndefined();
});

/** The bytes that make a stream known to the one who accepts, type included where there is one. */
function streamOpening(codec: Codec, id: number): Uint8Array {
  const prefix = codec.traits.streamType === 'prefix' ? [{ kind: 'data', id, bytes: new Uint8Array(4) } as const] : [];
  return bytesOf(codec, { kind: 'open', id }, ...prefix);
}

describe.each(untyped)('stream ids of %s', (_name, codec) => {
  const { wrongId, firstId } = codec.traits;
  const first = idOf(codec);

  test('session case 50: an opening frame for a stream that is open ends the session, or is dropped (smux)', async () => {
    const peer = hostile({ codec });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id: first }, { kind: 'open', id: first });
    if (wrongId === 'drop') {
      expect([peer.error(), streams.length]).toEqual([undefined, 1]);
      return;
    }
    expect(peer.error()?.code).toBe('ERR_MUX_STREAM_STATE');
    expect(tells(peer.error(), first)).toBe(true);
    expect(await why(peer.victim)).toBe('ERR_MUX_STREAM_STATE');
  });

  test('session case 50: one with an id of our side ends the session, or is dropped where both ends count alike', () => {
    const peer = hostile({ codec });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id: firstId.server });
    expect(peer.error()?.code).toBe(wrongId === 'error' ? 'ERR_MUX_STREAM_STATE' : undefined);
    expect(streams).toEqual([]);
    expect(peer.stats()).toMatchObject({ inboundStreams: 0, accepted: 0 });
  });

  test('session case 50: one for a stream that we opened is no other', () => {
    const peer = hostile({ codec });
    const streams = arrivals(peer.victim);
    const ours = peer.victim.open();
    peer.send({ kind: 'open', id: ours.streamId });
    expect(peer.error()?.code).toBe(wrongId === 'error' ? 'ERR_MUX_STREAM_STATE' : undefined);
    expect(streams).toEqual([]);
  });

  test.each(['open', 'data', 'end', 'reset', 'credit'] as const)(
    'session case 50: %s with id 0 opens nothing, and holds nothing',
    async (kind) => {
      const peer = hostile({ codec });
      const streams = arrivals(peer.victim);
      const facts = { code: 0, increment: 1, bytes: new Uint8Array(8) };
      peer.send({ kind, id: 0, ...facts });
      expect(streams).toEqual([]);
      expect(peer.stats()).toMatchObject({ inboundStreams: 0, heldBytes: 0 });
      await turn();
      expect([...peer.replies.keys()].filter((name) => name.startsWith('reset'))).toEqual([]);
    },
  );
});
