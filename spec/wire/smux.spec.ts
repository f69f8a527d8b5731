import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../src/errors.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { smux } from '../../src/wire/smux.js';
import { codecContract } from '../conformance/codec-contract.js';
import { hex } from '../vectors/binary.js';
import { smux1Vectors, smux2Vectors } from '../vectors/wire/smux.js';
import { credit, goAway, pong, reset, window } from '../vectors/wire/vector.js';
import { smuxTwin } from './smux-twin.js';

codecContract('smux1', smux({ version: 1 }), smux1Vectors, smuxTwin(1));
codecContract('smux2', smux({ version: 2 }), smux2Vectors, smuxTwin(2));

describe('smux', () => {
  it('is version 1 unless told otherwise, and one value for each version', () => {
    expect([smux(), smux({})]).toEqual([smux({ version: 1 }), smux({ version: 1 })]);
    expect([smux().protocol, smux({ version: 2 }).protocol]).toEqual(['smux1', 'smux2']);
    expect(smux({ version: 2 })).toBe(smux({ version: 2 }));
  });

  it.each([0, 3, '1', null])('refuses version %j', (version) => {
    expect(() => smux({ version } as unknown as { version: 1 })).toThrow(UsageError);
    expect(() => smux({ version } as unknown as { version: 1 })).toThrow(/^\[ERR_MUX_OPTION\]/);
  });

  it('writes a reset as FIN, there being nothing else that ends a stream', () => {
    expect(encodeFrame(smux(), reset(3, 7))).toEqual(hex('01 01 0000 03000000'));
  });

  it('writes nothing for what the wire has no frame for', () => {
    const frames = [pong(0), goAway(3, 0), { kind: 'accept', id: 3 } as const];
    for (const frame of frames) expect(encodeFrame(smux({ version: 2 }), frame)).toHaveLength(0);
    for (const frame of [credit(3, 5), window(3, 5, 65_536)]) expect(encodeFrame(smux(), frame)).toHaveLength(0);
  });

  it('has a window for each stream in version 2 only', () => {
    expect([smux().traits.initialWindowBytes, smux().traits.credit]).toEqual([Infinity, 'none']);
    expect(smux({ version: 2 }).traits).toMatchObject({ initialWindowBytes: 262_144, credit: 'absolute' });
  });
});
