import { describe, expect, it } from '@jest/globals';
import { latin1, type Prompt } from '../../../src/sniff/matcher.js';
import { any } from '../../../src/sniff/matchers/any.js';
import { anyOf } from '../../../src/sniff/matchers/any-of.js';
import { named } from '../../../src/sniff/matchers/named.js';
import { redis } from '../../../src/sniff/matchers/redis.js';
import { regexp } from '../../../src/sniff/matchers/regexp.js';
import { serverFirst } from '../../../src/sniff/matchers/server-first.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

matcherContract('named', named('shell', ssh()), { yes: simpleFlights.ssh, no: flightsBesides('ssh') });

describe('named', () => {
  it('answers as the matcher does, under its own name', () => {
    const shell = named('shell', ssh());
    expect(shell.protocol).toBe('shell');
    expect(feed(shell, [latin1('SSH-2.0-')])).toEqual({ meta: { version: '2.0' } });
    expect(feed(shell, [latin1('SSH-')])).toBe('more');
    expect(feed(shell, [latin1('x')])).toBe('no');
  });

  it('hides which of several matched behind its name', () => {
    expect(feed(named('ours', anyOf(redis(), ssh())), [latin1('SSH-2.0-')])).toEqual({ meta: { version: '2.0' } });
  });

  it('keeps what sniff looks at', () => {
    const prompt: Prompt = {
      afterMs: 5,
      bytes: latin1('?'),
      isAwaited: () => true,
      isAnswered: () => false,
      filter: () => ({ done: true, push: (chunk) => chunk, flush: () => new Uint8Array(0) }),
    };
    expect(named('shell', { ...ssh(), prompt })).toMatchObject({ firstBytes: [0x53], zeroRead: false, prompt });
    expect(named('rest', any()).zeroRead).toBe(true);
    expect(named('mail', serverFirst('smtp', { after: 9 }))).toMatchObject({
      protocol: 'mail',
      silentAfterMs: 9,
      firstBytes: [],
    });
    expect(Object.keys(named('text', regexp(/x/))).toSorted()).toEqual(['match', 'protocol', 'zeroRead']);
  });

  it('calls the matcher as a method, so that it may be an object of a class', () => {
    class Counted {
      readonly protocol = 'counted';
      #count = 0;
      match(): { meta: number } {
        return { meta: ++this.#count };
      }
    }
    expect(feed(named('other', new Counted()), [latin1('x')])).toEqual({ meta: 1 });
  });
});
