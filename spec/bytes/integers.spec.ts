import { expect, it } from '@jest/globals';
import { u16, u24 } from '../../src/bytes/integers.js';

const bytes = Uint8Array.of(0xfe, 0x01, 0x80, 0xff);

it('u16 reads two bytes from where it is told, the most significant first', () => {
  expect([u16(bytes, 0), u16(bytes, 2)]).toEqual([0xfe01, 0x80ff]);
});

it('u24 reads three bytes, the most significant first', () => {
  expect([u24(bytes, 0), u24(bytes, 1)]).toEqual([0xfe0180, 0x0180ff]);
});

it('u16 and u24 read bytes past the end as 0', () => {
  expect([u16(bytes, 3), u24(bytes, 2), u16(bytes, 9)]).toEqual([0xff00, 0x80ff00, 0]);
});
