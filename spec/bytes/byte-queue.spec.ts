import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteQueue } from '../../src/bytes/byte-queue.js';

/** Keeps the very chunks that it is given. */
class Sink {
  readonly chunks: Uint8Array[] = [];
  append(bytes: Uint8Array): void {
    this.chunks.push(bytes);
  }
  get bytes(): number[] {
    return this.chunks.flatMap((chunk) => [...chunk]);
  }
}

describe('a byte queue', () => {
  test('gives the chunks that were put in, uncopied, and views of those it divides', () => {
    const [first, second] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)];
    const queue = new ByteQueue();
    const sink = new Sink();
    queue.push(first);
    queue.push(second);
    queue.moveTo(sink, 3);
    queue.moveTo(sink, 2);
    expect(sink.chunks[0]).toBe(first);
    expect(sink.chunks.map(({ buffer }) => buffer)).toEqual([first.buffer, second.buffer, second.buffer]);
    expect(sink.bytes).toEqual([1, 2, 3, 4, 5]);
    expect(queue.bytes).toBe(0);
  });

  test('holds nothing of an empty chunk, and nothing once it is cleared', () => {
    const queue = new ByteQueue();
    const sink = new Sink();
    queue.push(new Uint8Array(0));
    queue.push(Uint8Array.of(1));
    queue.clear();
    expect(queue.bytes).toBe(0);
    queue.push(Uint8Array.of(2));
    queue.moveTo(sink, 1);
    expect(sink.chunks).toEqual([Uint8Array.of(2)]);
  });

  test('keeps order and count, however it is filled and emptied', () => {
    const steps = fc.array(fc.record({ chunks: fc.array(fc.nat(5), { maxLength: 200 }), take: fc.nat(700) }));
    const property = fc.property(steps, (all) => {
      const queue = new ByteQueue();
      const sink = new Sink();
      let put = 0;
      let taken = 0;
      for (const { chunks, take } of all) {
        for (const length of chunks) queue.push(Uint8Array.from({ length }, () => put++ % 251));
        expect(queue.bytes).toBe(put - taken);
        const bytes = Math.min(take, queue.bytes);
        queue.moveTo(sink, bytes);
        taken += bytes;
      }
      expect(sink.bytes).toEqual(Array.from({ length: taken }, (_, at) => at % 251));
    });
    fc.assert(property);
  });
});
