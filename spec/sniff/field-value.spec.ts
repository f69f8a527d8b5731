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

  it.each(['host', 'Host', ':authority'])('compares %s as a host, whatever dot and case it is written with', (name) => {
    for (const wanted of ['Example.com', 'example.com.', /^example\.com$/]) {
      expect(fieldValueTest(wanted, name)('EXAMPLE.com.')).toBe(true);
      expect(fieldValueTest(wanted, name)('example.com')).toBe(true);
      expect(fieldValueTest(wanted, name)('example.com..')).toBe(false);
      expect(fieldValueTest(wanted, name)('other.example.com.')).toBe(false);
    }
    expect(fieldValueTest('example.com:80', name)('example.com.:80')).toBe(true);
    expect(fieldValueTest('example.com.', 'x-host')('example.com')).toBe(false);
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
