import { describe, expect, test } from '@jest/globals';
import { Outbox } from '../../src/session/outbox.js';

/** Writes a frame of `length` bytes, all of them `value`. */
function frame(outbox: Outbox, length: number, value: number): void {
  outbox.reserve(length);
  outbox.slab.fill(value, outbox.at, outbox.at + length);
  outbox.wrote(outbox.at + length);
}

const lengths = (parts: readonly Uint8Array[]): number[] => parts.map(({ length }) => length);

describe('an outbox', () => {
  test('puts frames and small payloads side by side in one piece', () => {
    const outbox = new Outbox();
    frame(outbox, 8, 1);
    outbox.append(Uint8Array.of(2, 2));
    frame(outbox, 8, 3);
    outbox.append(new Uint8Array(1024).fill(4));
    expect(outbox.bytes).toBe(1042);
    const parts = outbox.take();
    expect(lengths(parts)).toEqual([1042]);
    expect(parts[0]?.slice(0, 19)).toEqual(
      Uint8Array.of(...Array<number>(8).fill(1), 2, 2, ...Array<number>(8).fill(3), 4),
    );
    expect([outbox.bytes, outbox.take()]).toEqual([0, []]);
  });

  test('sends a large payload as it is, between what is before and behind it', () => {
    const outbox = new Outbox();
    const payload = new Uint8Array(1025);
    frame(outbox, 8, 1);
    outbox.append(payload);
    frame(outbox, 8, 2);
    const parts = outbox.take();
    expect(lengths(parts)).toEqual([8, 1025, 8]);
    expect(parts[1]).toBe(payload);
  });

  test('does not begin a frame in a slab whose rest is too small for it', () => {
    const first = new Outbox();
    frame(first, 32_760, 1);
    first.take();
    const second = new Outbox();
    second.reserve(12);
    expect(second.slab.length - second.at).toBeGreaterThanOrEqual(12);
  });

  test('leaves what it gave away as it was, through thousands of flushes of several outboxes', () => {
    const outboxes = [new Outbox(), new Outbox()];
    const given: { readonly part: Uint8Array; readonly value: number }[] = [];
    for (let n = 0; n < 6000; n++) {
      const outbox = outboxes[n % 2] as Outbox;
      frame(outbox, 1 + (n % 40), n % 256);
      for (const part of outbox.take()) given.push({ part, value: n % 256 });
    }
    expect(given).toHaveLength(6000);
    expect(given.filter(({ part, value }) => part.some((byte) => byte !== value))).toEqual([]);
    // Many flushes share a slab.
    expect(new Set(given.map(({ part }) => part.buffer)).size).toBeLessThan(10);
  });

  test('keeps two that are being filled at the same time apart', () => {
    const [a, b] = [new Outbox(), new Outbox()];
    for (let n = 0; n < 100; n++) {
      frame(a, 10, 1);
      frame(b, 10, 2);
    }
    expect([a, b].map((outbox) => new Set(outbox.take().flatMap((part) => [...part])))).toEqual([
      new Set([1]),
      new Set([2]),
    ]);
  });

  test('finds room for a frame that is larger than what is left, or than a slab', () => {
    const outbox = new Outbox();
    frame(outbox, 30_000, 1);
    frame(outbox, 5000, 2);
    frame(outbox, 40_000, 3);
    expect(outbox.bytes).toBe(75_000);
    expect(lengths(outbox.take())).toEqual([30_000, 5000, 40_000]);
  });
});
