import { expect, it } from '@jest/globals';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { muxado, yamux } from '../../src/wire/index.js';
import { hex } from '../vectors/binary.js';

it('encodeFrame puts the bytes of data behind their header', () => {
  const frame = { kind: 'data', id: 1, bytes: hex('68656c6c6f') } as const;
  expect(encodeFrame(yamux(), frame)).toEqual(hex('0000 0000 00000001 00000005 68656c6c6f'));
});

it('encodeFrame takes what is left out for none', () => {
  expect(encodeFrame(yamux(), { kind: 'open', id: 1 })).toEqual(hex('0001 0001 00000001 00000000'));
  expect(encodeFrame(muxado({ version: 1 }), { kind: 'open', id: 3 })).toEqual(hex('0000 00 01 00000003'));
});

it('encodeFrame gives no bytes for a frame that the protocol has not', () => {
  expect(encodeFrame(yamux(), { kind: 'unknown', type: 7, length: 2 })).toHaveLength(0);
  expect(encodeFrame(muxado(), { kind: 'ping', value: 7 })).toHaveLength(0);
  expect(encodeFrame(muxado({ version: 1 }), { kind: 'accept', id: 3 })).toHaveLength(0);
});
