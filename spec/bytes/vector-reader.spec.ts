import { describe, expect, it } from '@jest/globals';
import { VectorReader } from '../../src/bytes/vector-reader.js';

const reader = (...bytes: readonly number[]) => new VectorReader(Uint8Array.from(bytes));

describe('VectorReader', () => {
  it('reads numbers, bytes and vectors one after another', () => {
    const all = reader(7, 0x01, 0x02, 0xaa, 0xbb, 2, 0x68, 0x32, 0, 1, 9);
    expect([all.unsigned(1), all.unsigned(2)]).toEqual([7, 0x0102]);
    expect(all.take(2)).toEqual(Uint8Array.of(0xaa, 0xbb));
    expect(all.vector(1).text()).toBe('h2');
    const last = all.vector(2);
    expect([all.ended, last.ended, last.unsigned(1), last.ended, all.faulty]).toEqual([true, false, 9, true, false]);
  });

  it('keeps a vector from reading past its end', () => {
    const all = reader(1, 5, 6);
    expect(all.vector(1).unsigned(2)).toBe(5);
    expect([all.faulty, all.ended, all.unsigned(1)]).toEqual([true, false, 6]);
  });

  it.each<[string, (all: VectorReader) => unknown]>([
    ['a number past the end', (all) => all.unsigned(2)],
    ['bytes past the end', (all) => all.take(2)],
    ['a vector longer than what is left', (all) => all.vector(1)],
    ['a vector without its length', (all) => all.vector(2)],
    [
      'an expectation that does not hold',
      (all) => {
        all.expect(false);
      },
    ],
  ])('notes %s as a fault, and comes to an end', (_, read) => {
    const all = reader(3);
    read(all);
    expect(all.faulty).toBe(true);
    all.take(9);
    expect(all.ended).toBe(true);
  });

  it.each([
    [0, true],
    [1, false],
    [2, false],
    [3, true],
  ])('notes whether a vector of %d bytes has other than 1 to 2: %p', (length, faulty) => {
    const all = reader(length, 0, 0, 0);
    all.vector(1, 1, 2);
    expect(all.faulty).toBe(faulty);
  });

  it('shares its faults with the vectors read out of it, both ways', () => {
    const all = reader(1, 1, 1, 2);
    const [one, two] = [all.vector(1), all.vector(1)];
    one.take(2);
    expect([all.faulty, two.faulty]).toEqual([true, true]);
  });
});
