import { describe, expect, test } from '@jest/globals';
import { flowTo } from '../../src/flow/flow-to.js';
import type { Codec } from '../../src/wire/codec.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import type { Frame } from '../../src/wire/frame.js';
import { muxado, yamux } from '../../src/wire/index.js';
import { bytesOf, growthOf, handlers, hostile, idOf, opening, refusals } from './abuse/hostile.js';
import { arrivals, CODECS } from './session-ends.js';

const MIB = 1 << 20;
const MILLION = 1_000_000;
const JUNK = 200_000;
const RESETS = 1000;
const OPENS = 100_000;
const BACKLOG = 256;
const MAX_STREAMS = 1024;
// Streams of smux that wait until others end.
const MAX_WAITING = 4096;
const beat = 0xffff_feff;
const muxado1 = muxado({ version: 1 });
const withReset = CODECS.filter(([, { traits }]) => traits.reset !== 'none');
const withoutReset = CODECS.filter(([, { traits }]) => traits.reset === 'none');

test.each(withoutReset)(
  'session case 42: %s has no reset: of a million streams opened and ended no more are read than may be served and wait',
  async (_name, codec) => {
    const peer = hostile({ codec });
    const running = handlers(peer);
    const bytes = (n: number): Uint8Array => {
      const id = idOf(codec, n);
      return bytesOf(codec, { kind: 'open', id }, { kind: 'end', id });
    };
    const growth = await growthOf(() => peer.flood(OPENS, bytes));
    expect([peer.error(), running(), refusals(peer)]).toEqual([undefined, MAX_STREAMS, 0]);
    expect(peer.stats().framesRead).toBe(2 * (MAX_STREAMS + MAX_WAITING) + 1);
    expect(growth).toBeLessThan(2 * OPENS * 16 + 8 * MIB);
  },
);

test.each(withoutReset)(
  'session case 44: while nobody accepts, the backlog of %s holds 256, and nothing behind the next is read',
  async (_name, codec) => {
    const peer = hostile({ codec });
    await peer.flood(OPENS, (n) => bytesOf(codec, { kind: 'open', id: idOf(codec, n) }));
    expect([peer.error(), peer.stats().inboundStreams, refusals(peer)]).toEqual([undefined, BACKLOG + 1, 0]);
  },
);

describe.each(withReset)('a flood of streams over %s', (_name, codec) => {
  test('session case 44: while nobody accepts: the backlog holds 256, the rest is refused, and what is open is served', async () => {
    const peer = hostile({ codec });
    const accepting = peer.victim.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
    peer.send(...opening(codec, idOf(codec, 0)));
    accepting.unsubscribe();
    const count = OPENS / 2;
    let most = 0;
    const growth = await growthOf(async () => {
      for (let batch = 0; batch < 10; batch++) {
        await peer.flood(count / 10, (n) =>
          bytesOf(codec, ...opening(codec, idOf(codec, 1 + n + (batch * count) / 10))),
        );
        most = Math.max(most, peer.stats().inboundStreams);
        peer.send({ kind: 'data', id: idOf(codec, 0), bytes: Buffer.from('still here') });
        await peer.flood(1, () => new Uint8Array(0));
        expect(peer.replies.get('data')).toBe(batch + 1);
      }
    });
    expect(peer.error()).toBeUndefined();
    expect(most).toBe(BACKLOG + 1);
    expect(refusals(peer)).toBe(count - BACKLOG);
    expect(growth).toBeLessThan(4 * MIB);
  });

  test('session case 44: the backlog holds 256 of them as well when they have all begun before the first is known', () => {
    const peer = hostile({ codec });
    const openings = Array.from({ length: 400 }, (_, n) => opening(codec, idOf(codec, n)));
    for (const [open] of openings) if (open !== undefined) peer.send(open);
    for (const [, ...rest] of openings) peer.send(...rest);
    expect([peer.stats().inboundStreams, refusals(peer)]).toEqual([BACKLOG, 400 - BACKLOG]);
  });

  test('session case 44: of more than 100,000 at once ends the session', async () => {
    const peer = hostile({ codec });
    handlers(peer);
    await peer.flood(MILLION, (n) => bytesOf(codec, { kind: 'open', id: idOf(codec, n) }));
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(peer.stats().framesRead).toBe(OPENS + 1);
    expect(refusals(peer)).toBe(OPENS - MAX_STREAMS);
  });

  test('session case 45: after our GoAway, with bytes behind each: all are refused, drained, and no error', async () => {
    const peer = hostile({ codec });
    const running = handlers(peer);
    peer.send(...opening(codec, idOf(codec, 0)));
    peer.victim.goAway();
    const count = OPENS / 4;
    const bytes = (n: number): Uint8Array => {
      const id = idOf(codec, n + 1);
      const data: Frame = { kind: 'data', id, bytes: new Uint8Array(100) };
      return bytesOf(codec, { kind: 'open', id }, data, data);
    };
    const growth = await growthOf(() => peer.flood(count, bytes, 1000));
    expect(peer.error()).toBeUndefined();
    expect([running(), peer.stats().inboundStreams, peer.stats().heldBytes, refusals(peer)]).toEqual([1, 1, 0, count]);
    expect(growth).toBeLessThan(MIB);
  });
});

interface Junk {
  readonly name: string;
  readonly codec: Codec;
  /** The frame that is sent a million times, on a stream that is open. */
  readonly bytes: Uint8Array;
  readonly limit: number;
}

const junk: readonly Junk[] = CODECS.flatMap(([name, codec]) => {
  const id = idOf(codec, 0);
  const of = (what: string, frame: Frame, limit = JUNK): Junk => ({
    name: `${what} over ${name}`,
    codec,
    bytes: bytesOf(codec, frame),
    limit,
  });
  const nothing = { increment: 0, consumed: 0, window: 0 };
  return [
    of('empty data', { kind: 'data', id, bytes: new Uint8Array(0) }),
    of('a byte at a time', { kind: 'data', id, bytes: new Uint8Array(1) }),
    of('credit of nothing', { kind: 'credit', id: codec.traits.credit === 'absolute' ? id + 2 : id, ...nothing }),
    of('credit of a byte', { kind: 'credit', id, increment: 1, consumed: 0, window: 1 }),
    of('credit that answers no data', { kind: 'credit', id, increment: 1000, consumed: 0, window: 1_000_000 }),
    of('pings', { kind: 'ping', value: 0 }),
    of('GoAways', { kind: 'goAway', lastId: 0, code: 0, debug: new Uint8Array(0) }, RESETS),
    of('data for a stream that never was', { kind: 'data', id: id + 2, bytes: new Uint8Array(8) }),
    of('resets of a stream that never was', { kind: 'reset', id: id + 2, code: 0 }),
  ].filter(({ bytes }) => bytes.length > 0 && !(codec.traits.reset === 'none' && bytes[1] === 1));
});
const unknown = Buffer.from('0000007000000003', 'hex');
const frames = [
  ...junk,
  { name: 'frames of unknown type over muxado 2', codec: muxado(), bytes: unknown, limit: JUNK },
];

test.each(frames)('session case 47: $name: a million end the session past $limit', async ({ codec, bytes, limit }) => {
  const peer = hostile({ codec });
  const streams = arrivals(peer.victim);
  peer.send(...opening(codec, idOf(codec, 0)));
  streams[0]?.subscribe({ error: () => undefined });
  const { framesRead } = peer.stats();
  const growth = await growthOf(() => peer.flood(MILLION, () => bytes));
  expect(peer.error()?.code).toBe('ERR_MUX_CALM');
  // The bytes of a stream type are such a frame too.
  const times = limit + 1 - (limit === JUNK && codec.traits.streamType === 'prefix' ? 1 : 0);
  expect(peer.stats().framesRead - framesRead).toBe(framesOf(codec, bytes) * (times - 1) + 1);
  expect(growth).toBeLessThan(MIB);
});

const typed = muxado({ typed: true });
const typePrefix = new Uint8Array(4).fill(0xff);
const beating: readonly { readonly name: string; readonly codec: Codec; readonly begin: readonly Frame[] }[] = [
  { name: 'muxado 1', codec: muxado1, begin: [{ kind: 'open', id: 3, type: beat }] },
  { name: 'muxado 2', codec: typed, begin: [...opening(muxado1, 3), { kind: 'data', id: 3, bytes: typePrefix }] },
];

describe.each(beating)('a stream for heartbeats of $name', ({ codec, begin }) => {
  const data = (bytes: number): Uint8Array => bytesOf(codec, { kind: 'data', id: 3, bytes: new Uint8Array(bytes) });

  test('session case 46: a million frames of 8 bytes end the session, since each is echoed', async () => {
    const peer = hostile({ codec });
    peer.send(...begin);
    await peer.flood(MILLION, () => data(8));
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(peer.stats().framesRead).toBeLessThanOrEqual(JUNK + 3);
  });

  test('session case 46: is reset at a frame that is too long for beats, and echoes nothing any more', async () => {
    const peer = hostile({ codec });
    peer.send(...begin);
    await peer.flood(1, () => data(16));
    expect([peer.replies.get('data'), peer.replies.get('credit')]).toEqual([1, 1]);
    await peer.flood(1, () => Buffer.concat([data(17), data(4)]));
    expect(peer.replies.get('data')).toBe(1);
    expect([...peer.replies.keys()].filter((kind) => kind.startsWith('reset'))).toHaveLength(1);
    expect(peer.error()).toBeUndefined();
  });
});

/** Frames in `bytes`: a GoAway of muxado 2 takes its padding along. */
function framesOf(codec: Codec, bytes: Uint8Array): number {
  let count = 0;
  codec.decoder(new FrameTap(() => count++)).push(bytes);
  return count;
}

test('session case 47: ends, confirmations and answers that concern nothing are answered by nothing, and nothing is kept of them', async () => {
  const codec = yamux();
  const peer = hostile({ codec });
  const nothing = bytesOf(codec, { kind: 'end', id: 9 }, { kind: 'accept', id: 9 }, { kind: 'pong', value: 9 });
  const growth = await growthOf(() => peer.flood(JUNK / 3 - 1, () => nothing));
  expect(growth).toBeLessThan(MIB);
  expect([...peer.replies]).toEqual([]);
  expect(peer.stats().heldBytes).toBe(0);
});

describe.each([
  ['muxado 1', muxado1, (id: number): Uint8Array => bytesOf(muxado1, { kind: 'open', id, type: beat })],
  [
    'muxado 2 with types',
    muxado({ typed: true }),
    (id: number): Uint8Array =>
      bytesOf(muxado({ typed: true }), { kind: 'open', id }, { kind: 'data', id, bytes: new Uint8Array(4).fill(255) }),
  ],
] as const)('heartbeat streams of %s', (_name, codec, bytes) => {
  test('session case 44: a million of them are not kept, though each may ask for echoes', async () => {
    const peer = hostile({
      codec,
      openRate: { burst: MILLION, perSecond: MILLION },
      junkRate: { burst: MILLION, perSecond: 0 },
    });
    handlers(peer);
    const growth = await growthOf(() => peer.flood(MILLION, (n) => bytes(idOf(codec, n))));
    expect(growth).toBeLessThan(MIB);
    expect(peer.stats().inboundStreams).toBe(0);
  }, 60_000);
});

test.each(withoutReset)(
  'session case 45: streams of %s after our GoAway, with bytes behind each, are dropped without a FIN',
  async (_name, codec) => {
    const peer = hostile({ codec });
    const running = handlers(peer);
    peer.send(...opening(codec, idOf(codec, 0)));
    peer.victim.goAway();
    const bytes = (n: number): Uint8Array => {
      const id = idOf(codec, n + 1);
      return bytesOf(codec, { kind: 'open', id }, { kind: 'data', id, bytes: new Uint8Array(100) });
    };
    const growth = await growthOf(() => peer.flood(OPENS / 4, bytes, 1000));
    expect(peer.error()).toBeUndefined();
    expect([running(), peer.stats().inboundStreams, peer.stats().heldBytes, refusals(peer)]).toEqual([1, 1, 0, 0]);
    expect(growth).toBeLessThan(MIB);
  },
);
