import { describe, expect, it } from '@jest/globals';
import { putU16, putU16le, putU32, putU32le, u16, u16le, u24, u32, u32le } from '../../src/bytes/integers.js';

const bytes = Uint8Array.of(0xfe, 0x01, 0x80, 0xff);

it('u16 reads two bytes from where it is told, the most significant first', () => {
  expect([u16(bytes, 0), u16(bytes, 2)]).toEqual([0xfe01, 0x80ff]);
});

it('u24 reads three bytes, the most significant first', () => {
  expect([u24(bytes, 0), u24(bytes, 1)]).toEqual([0xfe0180, 0x0180ff]);
});

it('u32 reads four bytes, the most significant first, never as a negative number', () => {
  expect(u32(bytes, 0)).toBe(0xfe0180ff);
});

it('u16le and u32le read the least significant byte first, never as a negative number', () => {
  expect([u16le(bytes, 2), u32le(bytes, 0)]).toEqual([0xff80, 0xff8001fe]);
});

it('u16 and u24 read bytes past the end as 0', () => {
  expect([u16(bytes, 3), u24(bytes, 2), u16(bytes, 9)]).toEqual([0xff00, 0x80ff00, 0]);
});

it('u32, u16le and u32le read bytes past the end as 0', () => {
  expect([u32(bytes, 2), u16le(bytes, 3), u32le(bytes, 2)]).toEqual([0x80ff0000, 0xff, 0xff80]);
});

describe('what is written is read again, and no byte beside it is touched:', () => {
  it.each([
    { name: 'u16', put: putU16, get: u16, most: 0xffff },
    { name: 'u16le', put: putU16le, get: u16le, most: 0xffff },
    { name: 'u32', put: putU32, get: u32, most: 0xffff_ffff },
    { name: 'u32le', put: putU32le, get: u32le, most: 0xffff_ffff },
  ])('$name', ({ put, get, most }) => {
    for (const value of [0, 1, 0x80, 0x1234, most - 1, most]) {
      const out = new Uint8Array(8).fill(0xaa);
      put(out, 2, value);
      expect(get(out, 2)).toBe(value);
      const size = most === 0xffff ? 2 : 4;
      expect([...out.subarray(0, 2), ...out.subarray(2 + size)].every((byte) => byte === 0xaa)).toBe(true);
    }
  });
});
