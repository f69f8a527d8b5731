import { describe, expect, test } from '@jest/globals';
import { mergeMap, NEVER, type Observable } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget, type SessionOptions } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { muxado } from '../../src/wire/index.js';
import { bytesOf, collectGarbage, hostile, type Hostile } from './abuse/hostile.js';
import { arrivals, CODECS, turn } from './session-ends.js';

const MIB = 1 << 20;
const KIB = 1024;
const withReset = CODECS.filter(([, { traits }]) => traits.reset !== 'none');
const windowed = CODECS.filter(([, { traits }]) => traits.credit !== 'none');
const idOf = ({ traits }: Codec, n = 0): number => traits.firstId.client + 2 * n;

/** The frames that give the acceptor a stream. */
function opening(codec: Codec, id = idOf(codec)): readonly Frame[] {
  const open: Frame = { kind: 'open', id };
  return codec.traits.streamType === 'prefix' ? [open, { kind: 'data', id, bytes: new Uint8Array(4) }] : [open];
}

interface Counted extends Hostile {
  readonly streams: readonly MuxStream[];
  /** What the session counts, and what the process does. */
  readonly counted: () => readonly [number, number];
}

/** A peer that has opened one stream, which nobody reads yet. */
function counting(codec: Codec, options: Partial<SessionOptions> = {}): Counted {
  const budget = receiveBudget({ maxBytes: 64 * MIB });
  const peer = hostile({ codec, budget, ...options });
  const streams = arrivals(peer.victim);
  peer.send(...opening(codec));
  return { ...peer, streams, counted: () => [peer.stats().heldBytes, budget.usedBytes] };
}

const data = (codec: Codec): Frame & { readonly kind: 'data' } => ({
  kind: 'data',
  id: idOf(codec),
  bytes: new Uint8Array(1000),
});
const reset = (codec: Codec): Frame => ({ kind: 'reset', id: idOf(codec), code: 0 });

/** Bytes that are read from here on. */
function reading(stream: MuxStream | undefined): () => number {
  let read = 0;
  stream?.subscribe({ next: (bytes) => (read += bytes.length), error: () => undefined });
  return () => read;
}

describe.each(withReset)('what came on a stream of %s that the peer reset', (_name, codec) => {
  function left(options?: Partial<SessionOptions>): Counted {
    const peer = counting(codec, options);
    peer.send(data(codec), data(codec), reset(codec));
    expect(peer.victim.streams).toEqual([]);
    return peer;
  }

  test('stays counted until it is read', () => {
    const { counted, streams } = left();
    expect(counted()).toEqual([2000, 2000]);
    expect(reading(streams[0])()).toBe(2000);
    expect(counted()).toEqual([0, 0]);
  });

  test('stays counted until the reader leaves', () => {
    const { counted, streams } = left();
    const work = streams[0]?.pipe(consume(() => NEVER)).subscribe();
    expect(counted()[0]).toBeGreaterThanOrEqual(1000);
    expect(counted()[1]).toBe(counted()[0]);
    work?.unsubscribe();
    expect(counted()).toEqual([0, 0]);
  });

  test('stays counted until it is read, also when the session is over before', () => {
    const { counted, streams, victim } = left();
    victim.error('enough');
    expect(counted()).toEqual([2000, 2000]);
    expect(reading(streams[0])()).toBe(2000);
    expect(counted()).toEqual([0, 0]);
  });

  test('counts no more when it is dropped, as on a stream that is reset here', () => {
    expect(left({ unreadOnReset: 'drop' }).counted()).toEqual([0, 0]);
    const peer = counting(codec);
    peer.send(data(codec));
    peer.streams[0]?.error('enough');
    expect(peer.counted()).toEqual([0, 0]);
  });

  test('fills the budget: then no stream is taken any more, however many are opened, filled and reset', async () => {
    const budget = receiveBudget({ maxBytes: MIB });
    const peer = hostile({ codec, budget, resetRate: { burst: 1000, perSecond: 0 } });
    // Held here: a stream that nobody has any more is collected, and its bytes with it.
    const busyWith: MuxStream[] = [];
    const work = (stream: MuxStream): Observable<never> => {
      busyWith.push(stream);
      return NEVER;
    };
    peer.victim.accept$.pipe(mergeMap(work, 1)).subscribe();
    const bytes = new Uint8Array(16_000);
    await peer.flood(
      200,
      (n) => bytesOf(codec, ...opening(codec, idOf(codec, n)), { kind: 'data', id: idOf(codec, n), bytes }),
      10,
    );
    await peer.flood(200, (n) => bytesOf(codec, { kind: 'reset', id: idOf(codec, n), code: 0 }), 10);
    const { accepted, heldBytes } = peer.stats();
    const taken = Math.ceil(MIB / bytes.length);
    expect([accepted, heldBytes, budget.usedBytes]).toEqual([taken, taken * bytes.length, taken * bytes.length]);
    peer.send(...opening(codec, idOf(codec, 200)));
    expect(peer.stats().accepted).toBe(taken);
    expect(busyWith).toHaveLength(1);
  });
});

describe.each(CODECS)('what came on a stream of %s that both sides ended', (_name, codec) => {
  test('stays counted until it is read', async () => {
    const { counted, streams, ...peer } = counting(codec);
    peer.send(data(codec), { kind: 'end', id: idOf(codec) });
    streams[0]?.complete();
    await turn();
    expect([peer.victim.streams, counted()]).toEqual([[], [1000, 1000]]);
    expect(reading(streams[0])()).toBe(1000);
    expect(counted()).toEqual([0, 0]);
  });

  test('is no more than the budget, however many streams are answered and not read', async () => {
    const peer = hostile({ codec, receiveBudgetBytes: MIB });
    const answered: MuxStream[] = [];
    const answer = (stream: MuxStream): void => {
      answered.push(stream);
      stream.complete();
    };
    peer.victim.accept$.subscribe(answer);
    const bytes = new Uint8Array(16 * KIB - 1);
    const whole = (n: number): Uint8Array => {
      const id = idOf(codec, n);
      return bytesOf(codec, ...opening(codec, id), { kind: 'data', id, bytes }, { kind: 'end', id });
    };
    await peer.flood(200, whole, 1);
    expect(peer.stats().heldBytes).toBeGreaterThanOrEqual(MIB);
    expect(peer.stats().heldBytes).toBeLessThan(MIB + 16 * KIB);
    expect(peer.stats().accepted).toBeLessThanOrEqual(Math.ceil(MIB / bytes.length) + 1);
    expect(answered).toHaveLength(peer.stats().accepted);
  });

  test('is given back when nobody has the streams any more', async () => {
    const peer = hostile({ codec });
    peer.victim.accept$.subscribe({
      next: (stream) => {
        stream.complete();
      },
      error: () => undefined,
    });
    const whole = (n: number): Uint8Array => {
      const id = idOf(codec, n);
      return bytesOf(codec, ...opening(codec, id), { ...data(codec), id }, { kind: 'end', id });
    };
    await peer.flood(50, whole, 1);
    await peer.clock.pass(3000);
    // The stream of the last frame is remembered until the next.
    const few = data(codec).bytes.length;
    for (let n = 0; n < 20 && peer.stats().heldBytes > few; n++) {
      collectGarbage();
      await turn();
    }
    expect(peer.stats().heldBytes).toBeLessThanOrEqual(few);
    expect(peer.victim.streams).toEqual([]);
  });
});

describe.each(windowed)('a frame of %s that comes in pieces', (_name, codec) => {
  const whole = { kind: 'data', id: idOf(codec), bytes: new Uint8Array(codec.traits.maxPayloadBytes) } as const;
  const frame = bytesOf(codec, whole);
  const header = frame.length - whole.bytes.length;

  test('is counted as it comes, and its header as nothing', () => {
    const peer = counting(codec);
    peer.write(frame.subarray(0, header));
    expect(peer.counted()).toEqual([0, 0]);
    peer.write(frame.subarray(header, header + 100));
    expect(peer.counted()).toEqual([100, 100]);
    peer.write(frame.subarray(header + 100));
    expect(peer.counted()).toEqual([whole.bytes.length, whole.bytes.length]);
    reading(peer.streams[0]);
    expect(peer.counted()).toEqual([0, 0]);
  });

  test('gives back what came of it when its stream is reset, and counts no further', () => {
    const peer = counting(codec);
    peer.write(frame.subarray(0, header + 100));
    peer.streams[0]?.error('enough');
    expect(peer.counted()).toEqual([0, 0]);
    peer.write(frame.subarray(header + 100));
    expect(peer.counted()).toEqual([0, 0]);
    peer.send(...opening(codec, idOf(codec, 1)));
    expect([peer.streams.length, peer.error()]).toEqual([2, undefined]);
  });

  test('takes nothing of the budget that sessions share by its header, however many send one', () => {
    const budget = receiveBudget({ maxBytes: 4 * whole.bytes.length });
    for (let n = 0; n < 16; n++) counting(codec, { budget }).write(frame.subarray(0, header));
    expect(budget.usedBytes).toBe(0);
    const good = counting(codec, { budget });
    good.send(data(codec));
    expect([good.streams.length, budget.usedBytes]).toEqual([1, 1000]);
  });
});

test('a stream of muxado 2 that turns out to be for heartbeats leaves nothing counted, nor less than nothing', () => {
  const codec = muxado({ typed: true });
  const budget = receiveBudget({ maxBytes: MIB });
  const peer = hostile({ codec, budget });
  const bytes = bytesOf(codec, { kind: 'open', id: 3 }, { kind: 'data', id: 3, bytes: new Uint8Array(8).fill(255) });
  const counts = new Set<number>();
  for (const byte of bytes) {
    peer.write(Uint8Array.of(byte));
    counts.add(budget.usedBytes).add(peer.stats().heldBytes);
  }
  expect([...counts]).toEqual([0]);
});
