import { describe, expect, it } from '@jest/globals';
import { latin1, type Endpoints, type Matcher, type Verdict } from '../../../src/sniff/matcher.js';
import { allOf } from '../../../src/sniff/matchers/all-of.js';
import { any } from '../../../src/sniff/matchers/any.js';
import { anyOf } from '../../../src/sniff/matchers/any-of.js';
import { not } from '../../../src/sniff/matchers/not.js';
import { prefix } from '../../../src/sniff/matchers/prefix.js';
import { redis } from '../../../src/sniff/matchers/redis.js';
import { remoteIp } from '../../../src/sniff/matchers/remote-ip.js';
import { serverFirst } from '../../../src/sniff/matchers/server-first.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { feed, matcherContract, somewhere } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const oldSsh = simpleFlights.ssh.slice(1, 2);

matcherContract('allOf of an address and a protocol', allOf(remoteIp('192.0.2.0/24'), ssh()), {
  yes: simpleFlights.ssh,
  no: flightsBesides('ssh'),
});

matcherContract('allOf of a protocol and a negation', allOf(not(prefix('SSH-1')), ssh()), {
  yes: simpleFlights.ssh.filter((flight) => !oldSsh.includes(flight)),
  no: [...oldSsh, ...flightsBesides('ssh')],
});

const saying = (protocol: string, verdict: Verdict<unknown>): Matcher => ({ protocol, match: () => verdict });

describe('allOf', () => {
  const yes: Verdict<unknown> = { meta: { yes: true } };

  it.each([
    [[yes, yes], yes],
    [[yes, 'more'], 'more'],
    [['more', yes], 'more'],
    [['more', 'more'], 'more'],
    [['no', yes], 'no'],
    [[yes, 'no'], 'no'],
    [['more', 'no'], 'no'],
    [['no', 'more'], 'no'],
    [['no', 'no'], 'no'],
  ] as [Verdict<unknown>[], Verdict<unknown>][])('of %j is %j', (verdicts, expected) => {
    expect(feed(allOf(...verdicts.map((verdict, i) => saying(`m${i}`, verdict))), [latin1('x')])).toEqual(expected);
  });

  it('has the protocol and the meta of the last one, whichever of several that is', () => {
    const local: Endpoints = { ...somewhere, remoteAddress: '10.0.0.1' };
    const matcher = allOf(remoteIp('10.0.0.0/8'), anyOf(redis(), ssh()));
    expect(allOf(remoteIp('10.0.0.0/8'), ssh()).protocol).toBe('ssh');
    expect(feed(matcher, [latin1('SSH-2.0-')], false, local)).toEqual({ protocol: 'ssh', meta: { version: '2.0' } });
    expect(feed(allOf(ssh(), remoteIp('10.0.0.1')), [latin1('SSH-2.0-')], false, local)).toEqual({
      meta: { address: '10.0.0.1' },
    });
  });

  it('turns a stranger away without a read, and reads a friend', () => {
    const matcher = allOf(remoteIp('10.0.0.0/8'), ssh());
    expect(matcher.zeroRead).toBe(true);
    expect(feed(matcher, [])).toBe('no');
    expect(feed(matcher, [], false, { ...somewhere, remoteAddress: '10.0.0.1' })).toBe('more');
  });

  it('begins as all of its matchers may', () => {
    expect(allOf(any(), prefix('A', 'B', 'C'), prefix('B', 'C', 'D')).firstBytes).toEqual([0x42, 0x43]);
    expect(allOf(prefix('A'), prefix('B')).firstBytes).toEqual([]);
    expect(allOf(any(), remoteIp('10.0.0.1'))).not.toHaveProperty('firstBytes');
  });

  it('case 58: lets the throw of a matcher through, for sniff to report', () => {
    const faulty: Matcher = {
      protocol: 'faulty',
      match() {
        throw new RangeError('boom');
      },
    };
    expect(() => feed(allOf(any(), faulty), [latin1('x')])).toThrow('boom');
  });

  it.each([[[]], [[remoteIp('10.0.0.0/8'), serverFirst('smtp', { after: 1 })]]])(
    'throws ERR_MUX_OPTION for %j',
    (matchers: Matcher[]) => {
      expect(() => allOf(...matchers)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );
});
