import { describe, expect, it } from '@jest/globals';
import { checkCombinable, traitsOf } from '../../src/sniff/combinator.js';
import { allOf } from '../../src/sniff/matchers/all-of.js';
import { anyOf } from '../../src/sniff/matchers/any-of.js';
import { any } from '../../src/sniff/matchers/any.js';
import { named } from '../../src/sniff/matchers/named.js';
import { not } from '../../src/sniff/matchers/not.js';
import { serverFirst } from '../../src/sniff/matchers/server-first.js';
import { ssh } from '../../src/sniff/matchers/ssh.js';

describe('traitsOf', () => {
  it('leaves out what none of the matchers has', () => {
    expect(traitsOf([ssh()], undefined)).toStrictEqual({ zeroRead: false });
  });

  it('may answer early when one of the matchers may, and begins as it is told', () => {
    expect(traitsOf([ssh(), any()], [1, 2])).toStrictEqual({ zeroRead: true, firstBytes: [1, 2] });
  });
});

describe('checkCombinable', () => {
  it('names the combinator and the serverFirst that it refuses, under whatever name that goes', () => {
    const silent = named('mail', serverFirst('smtp', { after: 1 }));
    expect(() => {
      checkCombinable('anyOf', [ssh(), silent]);
    }).toThrow("[ERR_MUX_OPTION] anyOf can't hold serverFirst 'mail': give it to sniff itself");
  });

  it('refuses to combine nothing', () => {
    expect(() => {
      checkCombinable('allOf', []);
    }).toThrow('[ERR_MUX_OPTION] allOf needs at least one matcher');
  });
});

describe('a matcher that was not called', () => {
  const uncalled = ssh as never;

  it.each([
    ['allOf', () => allOf(ssh(), uncalled)],
    ['anyOf', () => anyOf(uncalled, ssh())],
    ['not', () => not(uncalled)],
    ['named', () => named('mine', uncalled)],
    ['named', () => named('mine', undefined as never)],
    // A string has a match of its own.
    ['not', () => not('ssh' as never)],
  ])('is refused by %s', (combinator, combine) => {
    expect(combine).toThrow(`[ERR_MUX_OPTION] ${combinator} takes matchers, for example http1()`);
  });
});
