import { expect, it } from '@jest/globals';
import { printable } from '../src/printable.js';

it('escapes what could move the cursor, start a line or turn the text around, and nothing else', () => {
  expect(printable('a\u001b[31mb\r\nc\u0085\u202ed\u2028é日')).toBe(
    'a\\u{1b}[31mb\\u{d}\\u{a}c\\u{85}\\u{202e}d\\u{2028}é日',
  );
});
