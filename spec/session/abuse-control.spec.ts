import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { bytesOf, growthOf, hostile, tells, type Hostile } from './abuse/hostile.js';
import { rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, turn } from './session-ends.js';

const MIB = 1 << 20;
const CONTROL_BYTES = 65_536;
const idOf = ({ traits }: Codec, n: number): number => traits.firstId.client + 2 * n;
const waiting = ({ victim }: Hostile): number => victim._life.core.writer.outbox.bytes;

interface Asking {
  readonly name: string;
  readonly codec: Codec;
  /** A frame, the n-th, that has to be answered. */
  readonly frame: (n: number) => Uint8Array;
}

const typed = muxado({ typed: true });
const asking: readonly Asking[] = [
  { name: 'pings of yamux', codec: yamux(), frame: (n) => bytesOf(yamux(), { kind: 'ping', value: n }) },
  ...CODECS.filter(([, { traits }]) => traits.reset !== 'none').map(([name, codec]) => ({
    name: `streams of ${name} that are refused`,
    codec,
    frame: (n: number): Uint8Array => bytesOf(codec, { kind: 'open', id: idOf(codec, n + 1) }),
  })),
  {
    name: 'probes of muxado 2',
    codec: muxado(),
    frame: (n) => bytesOf(muxado(), { kind: 'data', id: 0x7fff_ffff - 2 * n, bytes: new Uint8Array(0) }),
  },
  {
    name: 'beats of muxado 2 with types',
    codec: typed,
    frame: (n) =>
      n === 0
        ? bytesOf(typed, { kind: 'open', id: 3 }, { kind: 'data', id: 3, bytes: new Uint8Array(8).fill(255) })
        : bytesOf(typed, { kind: 'data', id: 3, bytes: new Uint8Array(8) }),
  },
];

describe.each(asking)('200,000 $name, of a peer that reads no answer', ({ codec, frame }) => {
  test('session case 46: are read until 64 KiB of answers wait, and no further; then the session is ended', async () => {
    const peer = hostile({ codec, reads: false, maxStreams: 1 });
    let most = 0;
    const bytes = (n: number): Uint8Array => {
      most = Math.max(most, waiting(peer));
      return frame(n);
    };
    const chunk = 1000;
    await peer.flood(100_000, bytes, chunk);
    const { framesRead } = peer.stats();
    const growth = await growthOf(() => peer.flood(100_000, (n) => frame(100_000 + n), chunk));
    expect(most).toBeGreaterThan(CONTROL_BYTES);
    // What the last chunk asks for comes on top: two answers of at most 20 bytes to each of its frames.
    expect(most).toBeLessThanOrEqual(CONTROL_BYTES + chunk * 40);
    expect(peer.stats().framesRead).toBe(framesRead);
    expect(framesRead).toBeLessThan(30_000);
    // Nothing but what the peer itself could not get rid of, which is in this process too.
    expect(growth - peer.conn.bufferedBytes).toBeLessThan(MIB);
    expect(peer.error()).toBeUndefined();
    await peer.clock.pass(31_000);
    expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
    expect(tells(peer.error(), 30_000)).toBe(true);
  });
});

describe.each(CODECS)('a session of %s', (_name, codec) => {
  const header = codec.traits.confirms ? 12 : 8;
  const opening = bytesOf(codec, { kind: 'open', id: idOf(codec, 0) });

  test.each(Array.from({ length: header - 1 }, (_, n) => n + 1))(
    'session case 53: %i bytes of a header, then nothing, end it after 10 seconds',
    async (cut) => {
      const peer = hostile({ codec });
      peer.write(opening.subarray(0, cut));
      await peer.clock.pass(10_000);
      expect(peer.error()).toBeUndefined();
      await peer.clock.pass(2000);
      expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
      expect(tells(peer.error(), 10_000)).toBe(true);
      expect(peer.clock.timers).toBeLessThanOrEqual(1);
    },
  );

  test('session case 53: half of the data of a frame is left to the heartbeat, as is all that is between frames', async () => {
    const peer = hostile({ codec });
    arrivals(peer.victim);
    peer.write(opening);
    await peer.clock.pass(60_000);
    expect(peer.error()).toBeUndefined();
    peer.write(bytesOf(codec, { kind: 'data', id: idOf(codec, 0), bytes: new Uint8Array(100) }).subarray(0, 50));
    await peer.clock.pass(60_000);
    expect(peer.error()).toBeUndefined();
  });

  test('session case 53: a heartbeat that finds no life comes first if it is shorter', async () => {
    const peer = hostile({ codec, keepAlive: { intervalMs: 1000, timeoutMs: 4000 } });
    peer.write(opening.subarray(0, 5));
    await peer.clock.pass(5000);
    expect(peer.error()?.code).toBe('ERR_MUX_KEEPALIVE');
    expect(tells(peer.error(), 4000)).toBe(true);
  });
});

test('session case 53: half a frame is no fault of the peer while we do not read ourselves (smux 1)', async () => {
  const codec = smux();
  const peer = hostile({ codec, receiveBudgetBytes: 1000 });
  arrivals(peer.victim);
  peer.send({ kind: 'open', id: 3 });
  const data = bytesOf(codec, { kind: 'data', id: 3, bytes: new Uint8Array(2000) });
  peer.write(Buffer.concat([data, data.subarray(0, 9)]));
  await peer.clock.pass(60_000);
  expect(peer.error()).toBeUndefined();
  // Nothing behind the bytes that filled the budget is decoded.
  expect(peer.stats().heldBytes).toBe(2000);
});

/** Codecs whose GoAway names a last stream. */
const naming = CODECS.filter(([, { traits }]) => traits.goAway !== 'none' && !traits.confirms);

describe.each(naming)('GoAways of %s', (_name, codec) => {
  function opened(): Hostile & { readonly failed: number[] } {
    const peer = hostile({ codec, role: 'client' });
    const failed: number[] = [];
    for (let n = 0; n < 10; n++) {
      const stream = peer.victim.open();
      stream.next(new Uint8Array(8));
      stream.subscribe({ error: () => failed.push(stream.streamId) });
    }
    return { ...peer, failed };
  }
  const goAway = (lastId: number, code = 0): Uint8Array =>
    bytesOf(codec, { kind: 'goAway', lastId, code, debug: new Uint8Array(0) });

  test('session case 51: a thousand with rising ids: the first counts', async () => {
    const peer = opened();
    await peer.flood(1000, (n) => goAway(9 + 2 * n, n === 0 ? 3 : 0), 100);
    expect(peer.failed).toEqual([11, 13, 15, 17, 19, 21]);
    expect(peer.stats().outboundStreams).toBe(4);
    expect(peer.error()).toBeUndefined();
    peer.conn.complete();
    expect(await firstValueFrom(peer.victim.closed$)).toMatchObject({ remoteCode: 3 });
    expect(peer.error()?.code).toBe('ERR_MUX_GOAWAY');
  });

  test('session case 51: one that names more than was ever opened leaves all alone, and falling ids take streams away', async () => {
    const peer = opened();
    await peer.flood(1, () => goAway(0x7fff_fff0));
    expect([peer.failed, peer.stats().outboundStreams]).toEqual([[], 10]);
    await peer.flood(7, (n) => goAway(20 - 2 * n), 1);
    expect(peer.failed).toEqual([21, 19, 17, 15, 13, 11, 9]);
    expect(peer.victim.open().streamId).toBe(0);
    expect(peer.error()).toBeUndefined();
  });

  test('session case 51: a ninth that names a lower id ends the session, since each goes through all streams', async () => {
    const peer = opened();
    await peer.flood(8, (n) => goAway(0x7fff_fff0 - n));
    expect(peer.error()).toBeUndefined();
    await peer.flood(1, () => goAway(100));
    expect(peer.error()?.code).toBe('ERR_MUX_CALM');
    expect(tells(peer.error(), 8)).toBe(true);
  });
});

test('session case 51: 16 MB of text in a GoAway of muxado 2 are read to the end, and 1024 bytes of them kept', async () => {
  const codec = muxado();
  const peer = hostile({ codec });
  arrivals(peer.victim);
  peer.send({ kind: 'open', id: 3 });
  const text = Buffer.alloc(65_536, 'x');
  peer.write(Buffer.from('ffffff3000000000' + '0000000000000002', 'hex'));
  const growth = await growthOf(async () => {
    await peer.flood(255, () => text, 1);
    peer.write(text.subarray(0, 65_535 - 8));
  });
  expect(growth).toBeLessThan(MIB);
  peer.send({ kind: 'data', id: 3, bytes: new Uint8Array(100) });
  expect(peer.stats().heldBytes).toBe(100);
  peer.conn.complete();
  const closed = await firstValueFrom(peer.victim.closed$);
  expect(closed).toMatchObject({ remoteCode: 2, remoteDebug: 'x'.repeat(1024) });
});

test('session case 51: a thousand GoAways of yamux: the first code counts', async () => {
  const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: new Clock() });
  void peer.session.open();
  await turn();
  for (let n = 0; n < 1000; n++) peer.send({ kind: 'goAway', lastId: 0, code: n % 3, debug: new Uint8Array(0) });
  expect(peer.session.streams).toHaveLength(1);
  peer.end();
  expect(await firstValueFrom(peer.session.closed$)).toMatchObject({ remoteCode: 0 });
});
