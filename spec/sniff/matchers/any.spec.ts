import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MatcherSet } from '../../../src/sniff/matcher-set.js';
import { MATCH } from '../../../src/sniff/matcher.js';
import { any } from '../../../src/sniff/matchers/any.js';
import { remoteIp } from '../../../src/sniff/matchers/remote-ip.js';
import { feed, isMatch } from '../../conformance/matcher-contract.js';

describe('any', () => {
  it('matches before any byte has come, and says so', () => {
    expect(feed(any(), [])).toBe(MATCH);
    expect(any().zeroRead).toBe(true);
  });

  it('matches whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.boolean(), (bytes, final) => isMatch(feed(any(), [bytes], final))));
  });

  it('case 57: with address matchers alone every one of them answers without a read', () => {
    const { zeroRead, all } = new MatcherSet([remoteIp('10.0.0.0/8'), any()]);
    expect(zeroRead).toBe(true);
    expect(all.map((matcher) => feed(matcher, []))).toEqual(['no', MATCH]);
  });
});
