import { describe, expect, it } from '@jest/globals';
import { latin1, MATCH, type Matcher, type Prompt, type Verdict } from '../../../src/sniff/matcher.js';
import { allOf } from '../../../src/sniff/matchers/all-of.js';
import { anyOf } from '../../../src/sniff/matchers/any-of.js';
import { any } from '../../../src/sniff/matchers/any.js';
import { named } from '../../../src/sniff/matchers/named.js';
import { not } from '../../../src/sniff/matchers/not.js';
import { prefix } from '../../../src/sniff/matchers/prefix.js';
import { redis } from '../../../src/sniff/matchers/redis.js';
import { remoteIp } from '../../../src/sniff/matchers/remote-ip.js';
import { serverFirst } from '../../../src/sniff/matchers/server-first.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

matcherContract('not', not(ssh()), { yes: flightsBesides('ssh'), no: simpleFlights.ssh });

describe('not', () => {
  it('answers as soon as the inner matcher does', () => {
    expect(feed(not(ssh()), [])).toBe('more');
    expect(feed(not(ssh()), [latin1('SSH-2.0')])).toBe('more');
    expect(feed(not(ssh()), [latin1('SSH-2.0-')])).toBe('no');
    expect(feed(not(ssh()), [latin1('SSL')])).toEqual({ meta: {} });
  });

  it('does not take what was never decided for refused', () => {
    expect(feed(redis(), [latin1('*1')], true)).toBe('more');
    expect(feed(not(redis()), [latin1('*1')], true)).toBe('more');
    expect(feed(not(redis()), [new Uint8Array(0)], true)).toBe('more');
  });

  it('is named after what it negates', () => {
    expect(not(ssh()).protocol).toBe('not-ssh');
    expect(not(not(ssh())).protocol).toBe('not-not-ssh');
  });

  it('may begin with any byte, and with none where the inner matcher needs none', () => {
    expect(not(ssh())).not.toHaveProperty('firstBytes');
    expect(not(ssh()).zeroRead).toBe(false);
    expect(not(remoteIp('10.0.0.0/8')).zeroRead).toBe(true);
    expect(feed(not(remoteIp('10.0.0.0/8')), [])).toEqual({ meta: {} });
    expect(feed(not(any()), [])).toBe('no');
  });

  it('prompts the client as the inner matcher would', () => {
    const prompt: Prompt = {
      afterMs: 5,
      bytes: latin1('?'),
      isAwaited: () => true,
      isAnswered: () => false,
      filter: () => ({ done: true, push: (chunk) => chunk, flush: () => new Uint8Array(0) }),
    };
    expect(not({ ...ssh(), prompt }).prompt).toBe(prompt);
    expect(not(ssh())).not.toHaveProperty('prompt');
  });

  it('case 58: does not turn the throw of an inner matcher into an answer', () => {
    const faulty: Matcher = {
      protocol: 'faulty',
      match() {
        throw new RangeError('boom');
      },
    };
    expect(() => feed(not(faulty), [latin1('x')])).toThrow('boom');
  });

  it('can be nested', () => {
    expect(feed(not(not(prefix('A'))), [latin1('A')])).toEqual({ meta: {} });
    expect(feed(not(not(prefix('A'))), [latin1('B')])).toBe('no');
  });

  it('throws ERR_MUX_OPTION for serverFirst', () => {
    expect(() => not(serverFirst('smtp', { after: 1 }))).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('makes no match of what could not be read, alone or among others', () => {
    const says = (verdict: Verdict<object>): Matcher => ({ protocol: 'x', match: () => verdict });
    const unreadable = says('unreadable');
    expect(feed(not(unreadable), [latin1('x')])).toBe('unreadable');
    expect(feed(not(anyOf(unreadable, says('no'))), [latin1('x')])).toBe('unreadable');
    expect(feed(not(allOf(unreadable, says(MATCH))), [latin1('x')])).toBe('unreadable');
    expect(feed(not(allOf(says('more'), unreadable)), [latin1('x')])).toBe('unreadable');
    expect(feed(not(allOf(unreadable, says('no'))), [latin1('x')])).toEqual({ meta: {} });
    expect(feed(anyOf(unreadable, says(MATCH)), [latin1('x')])).toBe('unreadable');
    expect(feed(not(named('y', unreadable)), [latin1('x')])).toBe('unreadable');
  });
});
