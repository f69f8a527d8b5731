import { describe, expect, it } from '@jest/globals';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { latin1, type Verdict } from '../../../src/sniff/matcher.js';
import { http1Header, type Http1HeaderMeta } from '../../../src/sniff/matchers/http1-header.js';
import { byteByByte, feed, isMatch, matcherContract, somewhere } from '../../conformance/matcher-contract.js';
import { http1Flights, lines, otherFlights, rtspFlights, websocketFlights } from '../../vectors/http1.js';

const head = (...fields: readonly string[]): Uint8Array => lines('GET / HTTP/1.1', ...fields, '');

matcherContract("http1Header('x-env', 'blue')", http1Header('x-env', 'blue'), {
  yes: [
    { name: 'the field alone', bytes: head('X-Env: blue') },
    { name: 'case 24: lower case and trailing white space', bytes: head('Host: a', 'x-env:blue \t', 'Accept: */*') },
    { name: 'case 24: a second line', bytes: head('X-Env: green', 'X-Env: blue') },
    { name: 'an element of a list', bytes: head('X-ENV:\tred, BLUE ,') },
    { name: 'a fault behind the field', bytes: lines('GET / HTTP/1.1', 'X-Env: blue', 'Bad Field: x', '') },
    { name: 'an empty line first', bytes: lines('', 'GET / HTTP/1.1', 'X-Env: blue', '') },
  ],
  no: [
    ...http1Flights,
    ...websocketFlights,
    ...rtspFlights,
    ...otherFlights,
    { name: 'another value', bytes: head('X-Env: blueish') },
    { name: 'an empty value', bytes: head('X-Env:') },
    { name: 'a longer name', bytes: head('X-Envy: blue') },
    { name: 'case 24: a folded value', bytes: head('X-Env: blue', ' or so') },
    { name: 'a fold into the wanted field', bytes: head('X: y', ' X-Env: blue') },
    { name: 'white space before the colon', bytes: head('X-Env : blue') },
    { name: 'a fault before the field', bytes: head('Bad\0: x', 'X-Env: blue') },
    { name: 'a line without a colon', bytes: head('nonsense', 'X-Env: blue') },
    { name: 'a control character in a value', bytes: head('A: \x07', 'X-Env: blue') },
    { name: 'a DEL in a value', bytes: head('A: \x7f', 'X-Env: blue') },
    { name: 'a bare CR in a value', bytes: head('A: b\r', 'X-Env: blue') },
    { name: 'a bare CR between fields', bytes: latin1('GET / HTTP/1.1\r\nA: b\r_X-Env: blue\r\n\r\n') },
    { name: 'a bare LF', bytes: latin1('GET / HTTP/1.1\r\nA: b\nX-Env: blue\r\n\r\n') },
    { name: 'the field in the body', bytes: latin1('POST / HTTP/1.1\r\nHost: a\r\n\r\nX-Env: blue\r\n\r\n') },
    { name: 'the field of a second request', bytes: lines('GET / HTTP/1.1', '', 'GET / HTTP/1.1', 'X-Env: blue', '') },
  ],
});

matcherContract("http1Header('upgrade')", http1Header('Upgrade'), {
  yes: [...websocketFlights, { name: 'an empty value', bytes: head('UPGRADE:') }],
  no: [{ name: 'a head without it', bytes: head('Host: a') }],
});

matcherContract('http1Header with a pattern', http1Header('user-agent', /^curl\/\d+/), {
  yes: [{ name: 'curl', bytes: head('User-Agent: curl/8.5.0') }],
  no: [{ name: 'a name with curl in it', bytes: head('User-Agent: x, curl/8.5.0') }],
});

describe('http1Header', () => {
  it('case 23: matches wherever the field is cut', () => {
    const flight = head('Accept: */*', 'X-Env: \t blue \t', 'Host: a');
    const matcher = http1Header('X-ENV', 'Blue');
    for (let i = 1; i < flight.length; i++) {
      for (const j of [i + 1, i + 2, i + 5]) {
        expect(isMatch(feed(matcher, [flight.subarray(0, i), flight.subarray(i, j), flight.subarray(j)]))).toBe(true);
      }
    }
  });

  it('decides once the line after the field begins, and tells the fields up to it', () => {
    const matcher = http1Header('x-env');
    const field = lines('GET / HTTP/1.1', 'Host: a', 'X-Env: one, two');
    expect(feed(matcher, byteByByte(field))).toBe('more');
    for (const next of ['\r', 'A: b\r\n\r\n']) {
      const { method, target, version, headers } = metaOf(feed(matcher, [field, latin1(next)]));
      expect({ method, target, version }).toEqual({ method: 'GET', target: '/', version: '1.1' });
      expect([...headers]).toEqual([
        ['Host', 'a'],
        ['X-Env', 'one, two'],
      ]);
      expect(headers.get('HOST')).toBe('a');
      expect(headers.list('x-env')).toEqual(['one', 'two']);
      expect(headers.get('A')).toBeUndefined();
    }
    expect(feed(matcher, [field, latin1(' ')])).toBe('unreadable');
  });

  it('says no at the end of a head without the field', () => {
    const flight = head('Host: a');
    expect(feed(http1Header('x-env'), [flight.subarray(0, -1)])).toBe('more');
    expect(feed(http1Header('x-env'), [flight])).toBe('no');
  });

  it('keeps no state of a global or sticky pattern between connections', () => {
    for (const pattern of [/blue/g, /blue/y]) {
      pattern.lastIndex = 3;
      const matcher = http1Header('x-env', pattern);
      for (let i = 0; i < 3; i++) expect(isMatch(feed(matcher, [head('X-Env: blue')]))).toBe(true);
    }
  });

  it('tells names apart that differ in one bit, as the cases of a letter do', () => {
    expect(feed(http1Header('~a'), [head('^A: x')])).toBe('no');
    expect(isMatch(feed(http1Header('^az'), [head('^AZ: x')]))).toBe(true);
  });

  it('tests each line of its field once, however finely the head is cut', () => {
    let tests = 0;
    const pattern = Object.defineProperty(/blue/, Symbol.search, { value: () => (tests++, -1) });
    const flight = head('X-Env: green', 'X-Env: red', 'Accept: */*', 'X-Env: grey');
    expect(feed(http1Header('x-env', pattern), byteByByte(flight))).toBe('no');
    expect(tests).toBe(3);
  });

  it('lets several matchers read one head', () => {
    const held = new HeldBytes(somewhere);
    const matchers = [http1Header('a', '1'), http1Header('b', '2'), http1Header('a', '3')];
    held.append(lines('GET / HTTP/1.1', 'A: 1'));
    expect(matchers.map((matcher) => isMatch(matcher.match(held)))).toEqual([false, false, false]);
    held.append(lines('B: 2', ''));
    expect(matchers.map((matcher) => isMatch(matcher.match(held)))).toEqual([true, true, false]);
    expect(matchers.map((matcher) => isMatch(matcher.match(held)))).toEqual([true, true, false]);
  });

  it.each(['', 'x env', 'x-env:', 'é'])('refuses %j as a name', (name) => {
    expect(() => http1Header(name)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

function metaOf(verdict: Verdict<unknown>): Http1HeaderMeta {
  if (typeof verdict === 'string') throw new Error(`no match: ${verdict}`);
  return verdict.meta as Http1HeaderMeta;
}
