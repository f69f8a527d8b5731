import { describe, expect, it } from '@jest/globals';
import type { Phrase } from '../../src/sniff/grammar.js';
import { unsigned, unsignedWithin } from '../../src/sniff/integer-phrases.js';

/** Gives bytes to a phrase until it is done; tells its result and how many it took. */
function speak<T>(phrase: Phrase<T>, ...bytes: readonly number[]): [result: T | undefined, read: number] {
  phrase.next();
  for (const [i, byte] of bytes.entries()) {
    const step = phrase.next(byte);
    if (step.done === true) return [step.value, i + 1];
  }
  return [undefined, Infinity];
}

describe('unsigned', () => {
  it('reads as many bytes as it is told, the most significant first', () => {
    expect(speak(unsigned(1), 0xff, 1)).toEqual([0xff, 1]);
    expect(speak(unsigned(4), 0xff, 0xfe, 0, 1, 1)).toEqual([0xfffe0001, 4]);
  });
});

describe('unsignedWithin', () => {
  it.each<[number[], number | undefined, number]>([
    [[0, 0, 0, 8], 8, 4],
    [[0, 0, 0x27, 0x10], 10_000, 4],
    [[0, 0, 1, 0], 256, 4],
    [[1, 0, 0, 8], undefined, 1],
    [[0, 1, 0, 8], undefined, 2],
    [[0, 0, 0x28, 0], undefined, 3],
    [[0, 0, 0x27, 0x11], undefined, 4],
    [[0, 0, 0, 7], undefined, 4],
  ])('reads %j, of which 8 to 10,000 are allowed, as %p after %d bytes', (bytes, value, read) => {
    expect(speak(unsignedWithin(4, 8, 10_000), ...bytes)).toEqual([value, read]);
  });

  it('refuses what is too small as soon as it is', () => {
    expect(speak(unsignedWithin(2, 0x1234, 0x1234), 0x11, 0xff)).toEqual([undefined, 1]);
    expect(speak(unsignedWithin(2, 0x1234, 0x1234), 0x12, 0x34)).toEqual([0x1234, 2]);
  });
});
