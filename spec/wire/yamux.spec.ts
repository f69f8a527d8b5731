import { describe, expect, it } from '@jest/globals';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { yamux } from '../../src/wire/yamux.js';
import { codecContract } from '../conformance/codec-contract.js';
import { hex } from '../vectors/binary.js';
import { goAway, reset } from '../vectors/wire/vector.js';
import { yamuxVectors } from '../vectors/wire/yamux.js';
import { decode } from './recorder.js';
import { yamuxTwin } from './yamux-twin.js';

codecContract('yamux', yamux(), yamuxVectors, yamuxTwin);

describe('yamux', () => {
  it('is one value for the same options', () => {
    expect(yamux()).toBe(yamux({ earlyGoAway: false }));
    expect(yamux({ earlyGoAway: true })).toBe(yamux({ earlyGoAway: true }));
    expect(yamux({ earlyGoAway: true }).traits).toEqual({ ...yamux().traits, goAway: 'early' });
  });

  it('is found as the one that the sniffer was given', () => {
    const codec = yamux({ earlyGoAway: true });
    expect(codec.match({ bytes: hex('0001 0001 00000001'), final: false })).toEqual({ meta: { codec } });
  });

  it('writes no code into a reset, which hashicorp/yamux would take for credit', () => {
    expect(encodeFrame(yamux(), reset(1, 7))).toEqual(hex('0001 0008 00000001 00000000'));
  });

  it('has no place for the last id of a GoAway, nor for text', () => {
    expect(encodeFrame(yamux(), goAway(5, 2, 'bye'))).toEqual(hex('0003 0000 00000000 00000002'));
  });

  it.each(['0001', '0002'])('tells of no data where flags %s ride on none', (flags) => {
    const { frames } = decode(yamux(), [hex(`0000 ${flags} 00000001 00000000`)]);
    expect(frames.map(({ kind }) => kind)).toEqual([flags === '0001' ? 'open' : 'accept']);
  });
});
