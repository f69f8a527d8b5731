import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../src/net/crc32c.js';
import { latin1 } from '../../src/sniff/matcher.js';

describe('crc32c', () => {
  // The first four are the test cases of RFC 3720 §B.4.
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a91_36aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8_ab43],
    ['32 ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd_794e],
    ['32 descending', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113f_db5c],
    ['the usual check string', latin1('123456789'), 0xe306_9283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});
