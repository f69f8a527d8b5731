import { describe, expect, it } from '@jest/globals';
import { fieldValueTest } from '../../src/sniff/field-value.js';

describe('fieldValueTest', () => {
  it('accepts any value when none is wanted', () => {
    expect(fieldValueTest(undefined)('')).toBe(true);
  });

  it.each([
    ['gzip', 'GZIP', true],
    ['gzip', 'br, Gzip , deflate', true],
    ['br, gzip', 'br, gzip', true],
    ['gzip', 'gzipped', false],
    ['gzip', '', false],
    ['', 'gzip', false],
  ])('finds %j in %j: %j', (wanted, value, found) => {
    expect(fieldValueTest(wanted)(value)).toBe(found);
  });

  it('searches a RegExp from the start each time, and leaves its lastIndex alone', () => {
    for (const flags of ['', 'g', 'y', 'gy']) {
      const wanted = new RegExp('^gzip', flags);
      wanted.lastIndex = 3;
      const accepts = fieldValueTest(wanted);
      expect([accepts('gzip'), accepts('gzip'), accepts('br, gzip')]).toEqual([true, true, false]);
      expect(wanted.lastIndex).toBe(3);
    }
  });
});
