import { describe, expect, it } from '@jest/globals';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { muxado } from '../../src/wire/muxado.js';
import { codecContract } from '../conformance/codec-contract.js';
import { hex } from '../vectors/binary.js';
import { muxado1Vectors } from '../vectors/wire/muxado1.js';
import { goAway, open, reset } from '../vectors/wire/vector.js';
import { muxado1Twin } from './muxado1-twin.js';

const codec = muxado({ version: 1 });

codecContract('muxado1', codec, muxado1Vectors, muxado1Twin);

describe('muxado1', () => {
  it.each([8, 9, 0xffff_ffff])('writes the code %d, which Go refuses to write, as Internal', (code) => {
    expect(encodeFrame(codec, reset(5, code))).toEqual(hex('0004 00 02 00000005 00000002'));
  });

  it('leaves out a priority and a type of zero, as Go does', () => {
    expect(encodeFrame(codec, open(5, { type: 0, priority: 0 }))).toEqual(hex('0000 00 01 00000005'));
  });

  it('writes no text behind a GOAWAY, since the length that Go claims for it is wrong', () => {
    expect(encodeFrame(codec, goAway(5, 0, 'bye'))).toEqual(hex('0008 00 06 00000000 00000005 00000000'));
  });

  it.each([
    ['backlogFull', 6],
    ['calm', 6],
  ] as const)('has no code for %s and says that the stream is refused', (reason, code) => {
    expect(codec.codeOf(reason)).toBe(code);
  });
});
