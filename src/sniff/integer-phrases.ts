import type { Phrase } from './grammar.js';

/** Reads an unsigned number of `size` bytes, the most significant first. */
export function* unsigned(size: number): Phrase<number> {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (yield);
  return value;
}

/** The same, `undefined` at the first byte after which it can't come to lie from `min` to `max` any more. */
export function* unsignedWithin(size: number, min: number, max: number): Phrase<number | undefined> {
  let least = 0;
  for (let unit = 256 ** (size - 1); unit >= 1; unit /= 256) {
    least += (yield) * unit;
    if (least > max || least + unit - 1 < min) return undefined;
  }
  return least;
}
