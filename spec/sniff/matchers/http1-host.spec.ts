import { describe, expect, it } from '@jest/globals';
import { HeaderFields } from '../../../src/sniff/header-fields.js';
import { latin1 } from '../../../src/sniff/matcher.js';
import { http1Host } from '../../../src/sniff/matchers/http1-host.js';
import { not } from '../../../src/sniff/matchers/not.js';
import { feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { http1Flights, lines, otherFlights, rtspFlights, websocketFlights } from '../../vectors/http1.js';

const asking = (host: string): Uint8Array => lines('GET / HTTP/1.1', `Host: ${host}`, '');
const EXAMPLE = new Set(['api.example.com', 'example.com', 'example.com:443']);
const asksExample = ({ bytes }: { readonly bytes: Uint8Array }): boolean =>
  EXAMPLE.has(/host: (\S+)/i.exec(String.fromCharCode(...bytes))?.[1] ?? '');

matcherContract('http1Host()', http1Host('example.com', 'api.example.com'), {
  yes: [
    ...http1Flights.filter(asksExample),
    { name: 'another case', bytes: asking('EXAMPLE.com') },
    { name: 'a port', bytes: asking('example.com:8080') },
    { name: 'a dot at its end', bytes: asking('Example.com.') },
    { name: 'a dot before its port', bytes: asking('example.com.:8080') },
    { name: 'an empty port', bytes: asking('example.com:') },
    { name: 'HTTP/1.0 with a host', bytes: lines('GET / HTTP/1.0', 'host:example.com', '') },
    {
      name: 'case 25: an absolute target over Host',
      bytes: lines('GET http://example.com HTTP/1.1', 'Host: other', ''),
    },
    { name: 'case 25: an absolute target alone', bytes: lines('GET HTTP://Example.com:80/ HTTP/1.1', '') },
    { name: 'CONNECT over Host', bytes: lines('CONNECT example.com:443 HTTP/1.1', 'Host: proxy', '') },
  ],
  no: [
    ...http1Flights.filter((flight) => !asksExample(flight)),
    ...websocketFlights,
    ...rtspFlights,
    ...otherFlights,
    { name: 'a host that ends the same', bytes: asking('badexample.com') },
    { name: 'a host that begins the same', bytes: asking('example.com.evil.test') },
    { name: 'case 25: two Host lines', bytes: lines('GET / HTTP/1.1', 'Host: example.com', 'host: example.com', '') },
    {
      name: 'case 25: two Host lines and an absolute target',
      bytes: lines('GET http://example.com/ HTTP/1.1', 'Host: example.com', 'Host: example.com', ''),
    },
    { name: 'case 25: another absolute target', bytes: lines('GET http://other/ HTTP/1.1', 'Host: example.com', '') },
    { name: 'no Host', bytes: lines('GET / HTTP/1.1', '') },
    { name: 'an empty Host', bytes: asking('') },
    { name: 'two dots at its end', bytes: asking('example.com..') },
    { name: 'a list of hosts', bytes: asking('example.com, example.com') },
    { name: 'a user name', bytes: asking('me@example.com') },
    { name: 'a port that is none', bytes: asking('example.com:http') },
    { name: 'the host in the path', bytes: lines('GET /http://example.com/ HTTP/1.1', 'Host: other', '') },
  ],
});

describe('http1Host', () => {
  it.each<[string, Uint8Array]>([
    ['two Host lines', lines('GET / HTTP/1.1', 'Host: a', 'Host: a', '')],
    ['a malformed host', asking('a b')],
    ['a malformed head', lines('GET / HTTP/1.1', 'Host : a', '')],
  ])('can not read %s, so that a host is not taken to be absent', (_, bytes) => {
    expect(feed(http1Host('b'), [bytes], true)).toBe('unreadable');
    expect(feed(not(http1Host('b')), [bytes], true)).toBe('unreadable');
  });

  it.each<[string, Uint8Array]>([
    ['a head', lines('GET / HTTP/1.1', 'Cookie: x').subarray(0, -4)],
    ['a request line', latin1('GET /xxxxxx')],
    ['a method', latin1('GE')],
  ])('waits on where %s is cut off, so that a host is not taken to be absent', (_, bytes) => {
    expect(feed(http1Host('b'), [bytes], true)).toBe('more');
    expect(feed(not(http1Host('b')), [bytes], true)).toBe('more');
  });

  it.each<[string, Uint8Array]>([
    ['no Host', lines('GET / HTTP/1.0', '')],
    ['another protocol', latin1('SSH-2.0-x\r\n')],
  ])('finds no host in %s', (_, bytes) => {
    expect(isMatch(feed(not(http1Host('b')), [bytes], true))).toBe(true);
  });

  const matches = (wanted: string | RegExp, host: string): boolean => isMatch(feed(http1Host(wanted), [asking(host)]));

  it('takes a port into account only where one is given', () => {
    expect(matches('example.com:8080', 'example.com:8080')).toBe(true);
    expect(matches('example.com:8080', 'example.com:8081')).toBe(false);
    expect(matches('example.com:8080', 'example.com')).toBe(false);
    expect(matches('[::1]', '[::1]:8080')).toBe(true);
    expect(matches('[::1]:80', '[::1]:8080')).toBe(false);
    expect(matches('*.example.com:80', 'a.example.com:80')).toBe(true);
    expect(matches('*.example.com:80', 'a.example.com')).toBe(false);
  });

  it('takes *. for any name below, however deep', () => {
    expect(matches('*.Example.com', 'a.example.com')).toBe(true);
    expect(matches('*.example.com', 'a.b.example.com')).toBe(true);
    expect(matches('*.example.com', 'example.com')).toBe(false);
    expect(matches('*.example.com', 'badexample.com')).toBe(false);
  });

  it('searches a pattern in the lower-case host without its port, and keeps no state of it', () => {
    for (const pattern of [/^api\d+\.example\.com$/, /^api\d+\.example\.com$/g, /api\d/y]) {
      for (let i = 0; i < 3; i++) expect(matches(pattern, 'API7.example.com:443')).toBe(true);
      expect(matches(pattern, 'x.api7.example.com')).toBe(false);
    }
  });

  it('tells the request line, host, path and all fields', () => {
    const fields = [
      ['Host', 'Example.com:80'],
      ['Accept', '*/*'],
    ] as const;
    const sent = fields.map(([name, value]) => `${name}: ${value}`);
    expect(feed(http1Host('example.com'), [lines('GET /a%20b?c=/d HTTP/1.1', ...sent, '', 'body')])).toEqual({
      meta: {
        method: 'GET',
        target: '/a%20b?c=/d',
        version: '1.1',
        headers: new HeaderFields(fields),
        host: 'example.com',
        path: '/a%20b',
      },
    });
  });

  it('decides at the end of the head, where no second Host can follow', () => {
    const flight = asking('example.com');
    expect(feed(http1Host('example.com'), [flight.subarray(0, -1)])).toBe('more');
    expect(isMatch(feed(http1Host('example.com'), [flight]))).toBe(true);
  });

  it.each(['', 'a b', '*', 'a.*.com', '*example.com', 'http://example.com', 'example.com/x', 'example.com:port'])(
    'refuses %j as a host',
    (host) => {
      expect(() => http1Host(host)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );

  it('refuses to match no host at all', () => {
    expect(() => http1Host()).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

it('finds a host that is given in Unicode by its ASCII form, and refuses one that has none', () => {
  const matcher = http1Host('bücher.example', '*.straße.example:8080');
  const asked = ['xn--bcher-kva.example', 'a.xn--strae-oqa.example:8080', 'a.xn--strae-oqa.example', 'bucher.example'];
  expect(asked.map((host) => isMatch(feed(matcher, [asking(host)])))).toEqual([true, true, false, false]);
  expect(() => http1Host('bü cher.example')).toThrow(/^\[ERR_MUX_OPTION\]/);
});
