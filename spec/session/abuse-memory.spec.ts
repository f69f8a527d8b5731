import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { smux, yamux } from '../../src/wire/index.js';
import { bytesOf, growthOf, hostile, neighbourEchoes, tells, type Hostile } from './abuse/hostile.js';
import { arrivals, CODECS, turn } from './session-ends.js';

const KIB = 1024;
const MIB = 1 << 20;
const WRITERS = 1000;
const HIGH_WATER = 128 * KIB;
const CHUNK = 16 * KIB;
const windowed = CODECS.filter(([, { traits }]) => traits.credit !== 'none');

/** Streams of ours to a peer that reads nothing. */
function unread(
  codec: Codec,
): Hostile & { readonly streams: readonly MuxStream[]; readonly ends: Map<string, number> } {
  const peer = hostile({ codec, role: 'client', reads: false });
  const ends = new Map<string, number>();
  const streams = Array.from({ length: WRITERS }, () => peer.victim.open());
  for (const stream of streams) {
    stream.subscribe({
      error: ({ code }: { readonly code: string }) => ends.set(code, (ends.get(code) ?? 0) + 1),
    });
  }
  return { ...peer, streams, ends };
}

const buffered = (streams: readonly MuxStream[]): number =>
  streams.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0);

describe.each(CODECS)('1000 writers of %s to a peer that reads nothing', (_name, codec) => {
  test('session case 48: each is asked to wait at 128 KiB, and all end when the transport has taken nothing for 30 seconds', async () => {
    const peer = unread(codec);
    const growth = await growthOf(async () => {
      for (const stream of peer.streams) while (stream._write(new Uint8Array(CHUNK)));
      await turn();
      // What is on its way: the pipe's 64 KiB, and one flush.
      for (const stream of peer.streams) while (stream._write(new Uint8Array(CHUNK)));
    });
    const most = WRITERS * (HIGH_WATER + CHUNK);
    expect(buffered(peer.streams)).toBeLessThanOrEqual(most);
    expect(peer.streams.filter(({ needsDrain }) => !needsDrain)).toEqual([]);
    // 9000 arrays wait, at some 230 bytes each beside their own.
    expect(growth).toBeLessThan(most + 4 * MIB);
    expect(growth).toBeGreaterThan(most / 2);
    await neighbourEchoes()();
    const released = await growthOf(() => peer.clock.pass(31_000));
    expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
    expect(tells(peer.error(), 30_000)).toBe(true);
    expect([...peer.ends]).toEqual([['ERR_MUX_TIMEOUT', WRITERS]]);
    expect(buffered(peer.streams)).toBe(0);
    expect(-released).toBeGreaterThan(0.9 * growth);
  });

  test('session case 48: one that writes without asking ends at its own bound, and no other with it', async () => {
    const peer = unread(codec);
    const [greedy, other] = peer.streams;
    other?.next(new Uint8Array(CHUNK));
    await turn();
    let written = 0;
    while (greedy?.streamId !== 0 && peer.ends.size === 0 && written < 100 * MIB) {
      greedy?.next(new Uint8Array(CHUNK));
      written += CHUNK;
    }
    const { initialWindowBytes } = codec.traits;
    const bound = MIB + (initialWindowBytes === Infinity ? 0 : initialWindowBytes);
    expect([...peer.ends]).toEqual([['ERR_MUX_OVERFLOW', 1]]);
    expect(written).toBe(bound + CHUNK);
    expect(peer.error()).toBeUndefined();
    expect(peer.victim.streams).toHaveLength(peer.stats().outboundStreams);
    expect(other?.needsDrain).toBe(false);
  });
});

/** Streams of the peer that nobody reads, and one more, the first, that somebody does. */
async function opened(codec: Codec, count: number): Promise<{ peer: Hostile; streams: readonly MuxStream[] }> {
  const peer = hostile({ codec, maxStreams: count + 1, openRate: { burst: count + 1, perSecond: 0 } });
  const streams = arrivals(peer.victim);
  await peer.flood(count + 1, (n) => bytesOf(codec, { kind: 'open', id: 1 + 2 * n }));
  streams[0]?.subscribe();
  return { peer, streams };
}

describe.each([
  ['Uint8Arrays', 100_000, (bytes: number): Uint8Array => new Uint8Array(bytes)],
  ["Node's Buffers, as a socket gives them", 10_000, (bytes: number): Uint8Array => Buffer.alloc(bytes)],
] as const)('chunks that are %s', (_name, count, make) => {
  test('session case 55: streams that hold one byte of 64 KiB each do not keep the chunks', async () => {
    const codec = yamux();
    const { peer, streams } = await opened(codec, count);
    const echo = neighbourEchoes();
    const growth = await growthOf(async () => {
      for (let n = 1; n <= count; n++) {
        const chunk = make(64 * KIB);
        const rest = chunk.length - 12 - 1 - 12;
        chunk.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        new DataView(chunk.buffer, chunk.byteOffset).setUint32(4, 1 + 2 * n);
        chunk.set([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, rest >> 8, rest & 0xff], 13);
        peer.write(chunk);
        if (n % 100 === 0) await turn();
      }
      await echo();
    });
    expect(peer.error()).toBeUndefined();
    expect(streams).toHaveLength(count + 1);
    expect(peer.stats().heldBytes).toBe(count);
    expect(growth).toBeLessThan(count * 640);
  });
});

describe.each(windowed)('small frames of %s', (_name, codec) => {
  const first = codec.traits.firstId.client;

  test('session case 55: 8 bytes at a time that nobody reads cost no more than four times what is counted', async () => {
    const peer = hostile({ codec });
    const streams = arrivals(peer.victim);
    const count = 4;
    const { initialWindowBytes } = codec.traits;
    const ids = Array.from({ length: count }, (_, n) => first + 2 * n);
    for (const id of ids) peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: new Uint8Array(8) });
    const growth = await growthOf(async () => {
      for (const id of ids) {
        const data = bytesOf(codec, { kind: 'data', id, bytes: new Uint8Array(8) });
        await peer.flood(initialWindowBytes / 8 - 1, () => data, 1000);
      }
    });
    const held = peer.stats().heldBytes;
    expect(held).toBeGreaterThan(0.99 * count * initialWindowBytes);
    expect(streams).toHaveLength(count);
    expect(peer.error()).toBeUndefined();
    expect(growth).toBeLessThan(4 * held);
  });
});

describe.each(windowed)('streams of %s that nobody reads', (_name, codec) => {
  test('session case 44: fill their windows, and past the budget no further stream is taken', async () => {
    const { initialWindowBytes, maxPayloadBytes, firstId, streamType } = codec.traits;
    const budget = receiveBudget({ maxBytes: 4 * MIB });
    const peer = hostile({ codec, budget });
    arrivals(peer.victim);
    const prefix = streamType === 'prefix' ? 4 : 0;
    const growth = await growthOf(async () => {
      for (let n = 0; n < 200; n++) {
        const id = firstId.client + 2 * n;
        const pieces = Math.ceil(initialWindowBytes / maxPayloadBytes);
        const data = Array.from({ length: pieces }, (_, i) => ({
          kind: 'data' as const,
          id,
          bytes: new Uint8Array(Math.min(maxPayloadBytes, initialWindowBytes - i * maxPayloadBytes)),
        }));
        for (const bytes of [{ kind: 'open' as const, id }, ...data]) peer.send(bytes);
        await turn();
      }
    });
    const taken = Math.ceil((4 * MIB) / (initialWindowBytes - prefix));
    // At the budget exactly the next stream is refused, or taken and nothing behind its opening frame read. Past it nothing is read.
    const next = codec.traits.reset === 'none' ? 1 : 0;
    expect(peer.stats().inboundStreams).toBe(taken + next);
    expect(peer.stats().heldBytes).toBeGreaterThanOrEqual(4 * MIB);
    expect(peer.stats().heldBytes).toBeLessThanOrEqual(4 * MIB + maxPayloadBytes);
    expect(budget.usedBytes).toBe(peer.stats().heldBytes);
    // What the peer can't get rid of waits at its own end, which is in this process too.
    expect(growth - peer.conn.bufferedBytes).toBeLessThan(budget.usedBytes + MIB);
    peer.victim.error('enough');
    expect(budget.usedBytes).toBe(0);
  });
});

test('session case 44: smux 1, which has no windows, stops reading at 4 MiB unread', async () => {
  const codec = smux();
  const peer = hostile({ codec });
  const streams = arrivals(peer.victim);
  peer.send({ kind: 'open', id: 3 });
  const data = bytesOf(codec, { kind: 'data', id: 3, bytes: new Uint8Array(32_768) });
  for (let n = 0; n < 1000; n++) peer.write(data);
  expect(peer.stats().heldBytes).toBe(4 * MIB);
  // The rest is where it belongs: at the peer.
  expect(peer.conn.bufferedBytes).toBeGreaterThan(27 * MIB);
  let read = 0;
  streams[0]?.subscribe((bytes) => (read += bytes.length));
  await turn();
  expect([read, peer.stats().heldBytes]).toEqual([1000 * 32_768, 0]);
});
