import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { Turns, weightOf } from '../../src/session/turns.js';
import type { MemoryPipeOptions } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { rawPeer, type RawPeer } from './raw-peer.js';
import { Clock, CODECS } from './session-ends.js';

test.each([
  [-1, 1],
  [0, 1],
  [1, 1],
  [0x3fff_ffff, 128],
  [0x7fff_ffff, 256],
])('a priority of %d is a weight of %d: without weight a stream would never have a turn', (priority, weight) => {
  expect(weightOf(priority)).toBe(weight);
});

const KIB = 1024;
const MIB = 1024 * KIB;
const QUANTUM_BYTES = 16 * KIB;

/** As much of a stream as turns look at. */
function waiting(weight: number): MuxStream {
  return Object.assign(Object.create(null) as MuxStream, { weight, deficitBytes: 0, isQueued: false });
}

describe('turns', () => {
  test('go round in the order of arrival, a quantum times its weight to each', () => {
    const turns = new Turns();
    const [a, b, c] = [waiting(1), waiting(2), waiting(4)];
    for (const stream of [a, b, c]) turns.add(stream);
    expect([turns.next(), turns.next()]).toEqual([a, b]);
    turns.add(a);
    expect([turns.next(), turns.next(), turns.next()]).toEqual([c, a, undefined]);
    expect([a.deficitBytes / QUANTUM_BYTES, b.deficitBytes / QUANTUM_BYTES, c.deficitBytes / QUANTUM_BYTES]).toEqual([
      5, 2, 4,
    ]);
  });

  test('give one that is alone 64 KiB, or its weight if that is more', () => {
    const turns = new Turns();
    const [light, heavy] = [waiting(1), waiting(8)];
    for (const stream of [light, heavy]) {
      turns.add(stream);
      void turns.next();
    }
    expect([light.deficitBytes, heavy.deficitBytes]).toEqual([64 * KIB, 128 * KIB]);
  });

  test('line a stream up once, until it had its turn', () => {
    const turns = new Turns();
    const stream = waiting(1);
    turns.add(stream);
    turns.add(stream);
    expect(turns).toHaveLength(1);
    expect([turns.next(), turns.next()]).toEqual([stream, undefined]);
    turns.add(stream);
    expect(turns.next()).toBe(stream);
  });

  test('keep their order over thousands, while others join', () => {
    const turns = new Turns();
    const streams = Array.from({ length: 3000 }, () => waiting(1));
    for (const stream of streams) turns.add(stream);
    for (let round = 0; round < 2; round++) {
      for (const stream of streams) {
        expect(turns.next()).toBe(stream);
        turns.add(stream);
      }
    }
    turns.clear();
    expect([turns.length, turns.next()]).toEqual([0, undefined]);
  });
});

/** A session with so much window for its streams that only their turns, and a pipe, hold them back. */
function unlimited(
  codec: Codec,
  clock = new Clock(),
  pipe: MemoryPipeOptions = { capacityBytes: Infinity },
): RawPeer & { open(weight: number): Promise<MuxStream> } {
  const peer = rawPeer({ codec, role: 'client', scheduler: clock, sendBufferBytes: 64 * MIB }, pipe);
  const open = async (weight: number): Promise<MuxStream> => {
    const stream = peer.session.open({ weight, eager: true });
    await clock.pass(5);
    if (codec.traits.credit !== 'none')
      peer.send({ kind: 'credit', id: stream.streamId, increment: 32 * MIB, consumed: 0, window: 32 * MIB });
    await clock.pass(5);
    return stream;
  };
  return { ...peer, open };
}

function dataOf({ frames }: RawPeer): { id: number; bytes: number }[] {
  return frames.flatMap((frame) => (frame.kind === 'data' ? [{ id: frame.id, bytes: frame.bytes.length }] : []));
}

describe.each(CODECS)('streams of %s that all have data', (_name, codec) => {
  test('session case 61: get bytes by their weights 1, 2 and 4, within 5 %', async () => {
    const peer = unlimited(codec);
    const streams = [await peer.open(1), await peer.open(2), await peer.open(4)];
    peer.frames.length = 0;
    for (const stream of streams) stream.next(new Uint8Array(8 * MIB));
    await peer.settled();
    const sent = new Map(streams.map(({ streamId }) => [streamId, 0]));
    for (const { id, bytes } of dataOf(peer)) {
      sent.set(id, (sent.get(id) ?? 0) + bytes);
      // From here on the heaviest has nothing more.
      if (sent.get(id) === 8 * MIB) break;
    }
    const [light = 0, middle = 0, heavy = 0] = sent.values();
    expect(heavy).toBe(8 * MIB);
    expect(Math.abs(heavy / middle / 2 - 1)).toBeLessThan(0.05);
    expect(Math.abs(heavy / light / 4 - 1)).toBeLessThan(0.05);
  });

  test('session case 61: hold 64 bytes beside 32 of them back for less than two rounds', async () => {
    const clock = new Clock();
    const peer = unlimited(codec, clock, { capacityBytes: 300_000, latencyMs: 1, scheduler: clock });
    const bulk: MuxStream[] = [];
    for (let n = 0; n < 32; n++) bulk.push(await peer.open(1));
    const small = await peer.open(1);
    for (const stream of bulk) stream.next(new Uint8Array(MIB));
    await clock.pass(5);
    // What is in the hands of the transport already is out of reach.
    const { dataFrames } = peer.session._life.core.writer;
    small.next(new Uint8Array(64));
    await clock.pass(200);
    const later = dataOf(peer).slice(dataFrames);
    const waited = later.slice(
      0,
      later.findIndex(({ id }) => id === small.streamId),
    );
    expect(later.length).toBeGreaterThan(500);
    expect(waited.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(2 * 32 * QUANTUM_BYTES);
  });

  test('are sent in full frames, with nothing small left over in between', async () => {
    const peer = unlimited(codec);
    const streams = [await peer.open(1), await peer.open(1)];
    peer.frames.length = 0;
    for (const stream of streams) stream.next(new Uint8Array(MIB));
    await peer.settled();
    const small = dataOf(peer).filter(({ bytes }) => bytes < 1000);
    expect(small.length).toBeLessThanOrEqual(streams.length);
  });
});
