import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { StreamMap } from '../../src/session/stream-map.js';
import { growthOf, promotedBytes } from './abuse/hostile.js';

let lastId = 0;

/** What the table knows of a stream. */
const stream = (streamId: number): MuxStream =>
  ({ id: ++lastId, streamId, nextInSlot: undefined }) as unknown as MuxStream;

// Near ones as either side gives them out, those that share a slot of any table, and the last there are.
const ids = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 0, max: 60 }).map((n) => 5 + n * 2 ** 26),
  fc.integer({ min: 0xffff_ff00, max: 0xffff_ffff }),
);

describe('StreamMap', () => {
  it('has what a Map has, the oldest first, whatever the ids', () => {
    const step = fc.record({ id: ids, isGoing: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const map = new Map<number, MuxStream>();
        const streams = new StreamMap();
        for (const { id, isGoing } of steps) {
          const known = map.get(id);
          expect(streams.get(id)).toBe(known);
          if (known === undefined) {
            const added = stream(id);
            map.set(id, added);
            streams.add(added);
          } else if (isGoing) {
            map.delete(id);
            expect([streams.delete(known), streams.delete(known)]).toEqual([true, false]);
          }
          expect(streams.size).toBe(map.size);
        }
        expect(streams.values()).toEqual([...map.values()]);
        expect(new Set(streams)).toEqual(new Set(map.values()));
      }),
    );
  });

  it('finds those that stay, and no others, as it grows and shrinks', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(ids, { minLength: 100, maxLength: 250 }),
        fc.integer({ min: 2, max: 60 }),
        (all, each) => {
          const streams = new StreamMap();
          const added = all.map(stream);
          for (const one of added) streams.add(one);
          const isStaying = (_: unknown, n: number): boolean => n % each === 0;
          for (const one of added.filter((_, n) => !isStaying(_, n))) streams.delete(one);
          const found = all.map((id) => streams.get(id));
          expect(found).toEqual(added.map((one, n) => (isStaying(one, n) ? one : undefined)));
          expect(streams.values()).toEqual(added.filter(isStaying));
        },
      ),
    );
  });

  // A peer chooses the ids of its streams. A slot of the low bits alone had all 1,024 of them in one chain.
  it.each([
    ['in order', (n: number) => 1 + 2 * n],
    ...[8, 10, 11, 12, 16, 18].map(
      (bits) => [`2^${bits} apart`, (n: number) => (1 + n * 2 ** bits) % 2 ** 32] as const,
    ),
    ['multiples of the golden ratio', (n: number) => Math.imul(n, 0x9e3779b1) >>> 0],
  ])('walks past few streams for a frame, whatever ids the peer picks: %s', (_, idOf) => {
    const streams = new StreamMap();
    let looks = 0;
    const counted = (streamId: number): MuxStream =>
      ({
        get streamId() {
          looks++;
          return streamId;
        },
        nextInSlot: undefined,
      }) as unknown as MuxStream;
    const all = Array.from(new Set(Array.from({ length: 16_384 }, (_, n) => idOf(n))));
    for (const id of all) streams.add(counted(id));
    looks = 0;
    let most = 0;
    for (const id of all) {
      const before = looks;
      void streams.get(id);
      most = Math.max(most, looks - before);
    }
    // At random the longest of so many chains has some 8; to have more than 24 by chance takes more tables than there will be.
    expect(most).toBeLessThan(24);
    expect(looks / all.length).toBeLessThan(3);
  });

  it('does not take another stream for one of the same id', () => {
    const streams = new StreamMap();
    streams.add(stream(1));
    expect([streams.delete(stream(1)), streams.size]).toEqual([false, 1]);
  });

  it('lets go of a stream and of its neighbours: one that is kept keeps none', () => {
    const streams = new StreamMap();
    const all = Array.from({ length: 50 }, (_, n) => stream(1 + n * 2 ** 20));
    for (const each of all) streams.add(each);
    for (const each of all) streams.delete(each);
    expect(all.filter(({ nextInSlot }) => nextInSlot !== undefined)).toEqual([]);
  });

  it('is as small as before once many have gone', async () => {
    const streams = new StreamMap();
    const grown = await growthOf(() => {
      const all = Array.from({ length: 200_000 }, (_, n) => stream(n + 1));
      for (const each of all) streams.add(each);
      for (const each of all) streams.delete(each);
    });
    expect([streams.size, grown < 500_000]).toEqual([0, true]);
  });

  // What a Map does to them: decision 49.
  it('leaves nothing behind in the old generation after a full garbage collection', () => {
    const streams = new StreamMap();
    let next = 0;
    const churn = (count: number): void => {
      for (let i = 0; i < count; i++, next++) {
        // Made here: V8 puts what is made where much has lived long into the old generation at once.
        const kept = Array<number>(40).fill(next);
        streams.add({ streamId: next, nextInSlot: undefined, kept } as unknown as MuxStream);
        const old = streams.get(next - 64);
        if (old !== undefined) streams.delete(old);
      }
    };
    expect(promotedBytes(churn)).toBeLessThan(4e6);
  });
});
