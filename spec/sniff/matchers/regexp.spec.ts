import { describe, expect, it, jest } from '@jest/globals';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { latin1 } from '../../../src/sniff/matcher.js';
import { regexp } from '../../../src/sniff/matchers/regexp.js';
import {
  byteByByte,
  feed,
  isMatch,
  matcherContract,
  somewhere,
  type Flight,
} from '../../conformance/matcher-contract.js';
import { foreignFlights, simpleFlights } from '../../vectors/text-and-simple.js';

const flight = (text: string): Flight => ({ name: JSON.stringify(text), bytes: latin1(text) });
const SMTP = /^(?:EHLO|HELO) (\S+)( SIZE)?\r\n/i;

matcherContract('regexp', regexp(SMTP, { maxBytes: 64 }), {
  yes: ['EHLO a.example\r\n', 'helo b\r\nMAIL FROM:<c@d>\r\n', 'HELO e SIZE\r\n', `EHLO ${'x'.repeat(57)}\r\n`].map(
    flight,
  ),
  no: [
    ...foreignFlights,
    ...simpleFlights.ssh,
    ...['EHLO\r\n', 'EHLO  a\r\n', ' EHLO a\r\n', `EHLO ${'x'.repeat(58)}\r\n`].map(flight),
  ],
});

describe('regexp', () => {
  it('tells the text and the groups, undefined for one that took no part', () => {
    expect(feed(regexp(SMTP), [latin1('EHLO a.example\r\nNOOP\r\n')])).toEqual({
      meta: { match: ['EHLO a.example\r\n', 'a.example', undefined] },
    });
  });

  it('reads every byte as the character of the same number', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = String.fromCharCode(...bytes);
    expect(feed(regexp(/^[^]{256}/), [bytes])).toEqual({ meta: { match: [text] } });
  });

  it('does not say no before maxBytes, and says it there', () => {
    const matcher = regexp(/^a/, { maxBytes: 3 });
    expect(feed(matcher, [latin1('xx')])).toBe('more');
    expect(feed(matcher, [latin1('xxx')])).toBe('no');
    expect(feed(matcher, [latin1('xx')], true)).toBe('more');
  });

  it('looks at no byte behind maxBytes, however they are cut', () => {
    const matcher = regexp(/b/, { maxBytes: 3 });
    for (const pieces of [[latin1('aaab')], byteByByte(latin1('aaab'))]) expect(feed(matcher, pieces)).toBe('no');
    expect(feed(matcher, [latin1('aab')])).toEqual({ meta: { match: ['b'] } });
  });

  it('is not tried before minBytes, not even on all there is', () => {
    const matcher = regexp(/^a/, { minBytes: 3 });
    expect(feed(matcher, [latin1('aa')])).toBe('more');
    expect(feed(matcher, [latin1('aa')], true)).toBe('more');
    expect(feed(matcher, [latin1('aaa')])).toEqual({ meta: { match: ['a'] } });
  });

  it('never matches a client that sent nothing', () => {
    expect(feed(regexp(/^/), [])).toBe('more');
    expect(feed(regexp(/^/), [], true)).toBe('more');
  });

  it('has no memory between connections, though the pattern has g or y', () => {
    for (const pattern of [/ab/g, /ab/y, /ab/gy]) {
      const matcher = regexp(pattern);
      for (let i = 0; i < 3; i++) expect(feed(matcher, [latin1('abab')])).toEqual({ meta: { match: ['ab'] } });
      expect(pattern.lastIndex).toBe(0);
    }
  });

  it('keeps the other flags', () => {
    expect(feed(regexp(/^a.b/is), [latin1('A\nB')])).toHaveProperty('meta');
  });

  it('stands by its first answer when more bytes would undo it', () => {
    const matcher = regexp(/^abc$/);
    const held = new HeldBytes(somewhere);
    held.append(latin1('abc'));
    const verdict = matcher.match(held);
    held.append(latin1('d'));
    expect(verdict).toEqual({ meta: { match: ['abc'] } });
    expect(matcher.match(held)).toBe(verdict);
  });

  it('keeps two patterns on one connection apart', () => {
    const held = new HeldBytes(somewhere);
    held.append(latin1('abc'));
    expect(regexp(/^a/).match(held)).toHaveProperty('meta');
    expect(regexp(/^b/).match(held)).toBe('more');
  });

  it.each([
    { minBytes: 0 },
    { minBytes: 1.5 },
    { minBytes: 2000 },
    { maxBytes: 0 },
    { maxBytes: 16385 },
    { maxBytes: NaN },
    { maxBytes: 10.5 },
    { minBytes: 5, maxBytes: 4 },
  ])('throws ERR_MUX_OPTION for %j', (options) => {
    expect(() => regexp(/a/, options)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it.each([
    /^(a+)+$/,
    /^(?:a|a)*b/,
    /^(?:a|b){1,64}/,
    /^a+a+/,
    /a+/,
    /^a*|b*/,
    /^a{1,1000}b{1,100}/,
    /^(?<x>a{0,9}){0,9}/,
    /^(a*\))*[)]/m,
  ])('refuses %s, which could take more than linear time', (pattern) => {
    expect(() => regexp(pattern)).toThrow(/could take too long on a text of 1024 bytes: begin it with \^/);
  });

  it.each([
    /a{3}[(+*?]b/,
    /^a+$/,
    /^[A-Z]{1,16} \S+ HTTP/,
    /^(?:EHLO|HELO) \S+?\r\n/i,
    /^(?:ab)+|^c/,
    /^[[*+(]+\(\[/,
    new RegExp('^[[a-z]&&[+]]+', 'v'),
    /^\u{1F600}*\p{L}?/u,
    /^(?=a)(?<!b)(?<name>c)\k<name>+/,
    /^a{,5}{/,
  ])('takes %s', (pattern) => {
    expect(regexp(pattern).protocol).toBe('regexp');
  });

  it('tries a pattern on no more than 16 times the bytes that came, and on the last of them', () => {
    const pattern = /^[^]{1000}\n/;
    const bytes = latin1(`${'x'.repeat(1000)}\n`);
    const exec = jest.spyOn(RegExp.prototype, 'exec');
    expect(isMatch(feed(regexp(pattern), byteByByte(bytes), true))).toBe(true);
    const { contexts, calls } = exec.mock;
    exec.mockRestore();
    const tries = calls.filter((_, n) => (contexts[n] as RegExp).source === pattern.source);
    const tried = tries.reduce((sum, [text]) => sum + text.length, 0);
    expect(tried).toBeGreaterThan(8 * bytes.length);
    expect(tried).toBeLessThanOrEqual(17 * bytes.length);
  });

  it('throws ERR_MUX_OPTION for a pattern in a string', () => {
    expect(() => regexp('^a' as unknown as RegExp)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('takes the bounds themselves', () => {
    expect(feed(regexp(/b/, { minBytes: 16384, maxBytes: 16384 }), [new Uint8Array(16384)])).toBe('no');
  });
});
