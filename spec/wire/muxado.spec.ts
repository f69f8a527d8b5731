import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../src/errors.js';
import { muxado, type Muxado1Options, type Muxado2Options } from '../../src/wire/muxado.js';

describe('muxado', () => {
  it('is version 2 unless told otherwise', () => {
    expect([muxado().protocol, muxado({}).protocol, muxado({ version: 2 }).protocol]).toEqual(Array(3).fill('muxado2'));
    expect(muxado({ version: 1 }).protocol).toBe('muxado1');
  });

  it('gives one value for the same options', () => {
    expect(muxado({ version: 1 })).toBe(muxado({ version: 1 }));
    expect(muxado({ version: 2, typed: false })).toBe(muxado());
    expect(muxado({ typed: true })).toBe(muxado({ version: 2, typed: true }));
    expect(muxado({ typed: true })).not.toBe(muxado());
  });

  it.each([
    ['left out', undefined, true],
    ['true', true, false],
    ['false', false, false],
  ])('has for version 1, whose streams always have types, a typed that is %s', (_text, typed, isFine) => {
    const make = (): unknown => muxado({ version: 1, typed } as Muxado1Options);
    if (isFine) expect(make()).toBe(muxado({ version: 1 }));
    else expect(make).toThrow('[ERR_MUX_OPTION] typed is for version 2');
  });

  it.each([0, 3, '2', null])('refuses version %j', (version) => {
    expect(() => muxado({ version } as unknown as Muxado2Options)).toThrow(UsageError);
    expect(() => muxado({ version } as unknown as Muxado2Options)).toThrow(/^\[ERR_MUX_OPTION\]/);
  });
});
