import { describe, expect, it } from '@jest/globals';
import { http2Header, type Http2HeaderMeta } from '../../../src/sniff/matchers/http2-header.js';
import type { Match } from '../../../src/sniff/matcher.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { grpcFlights, grpcWaitingFlights, grpcWebFlights, http2Flights } from '../../vectors/http2.js';
import { frame, hpackLiteral, octets, opening, recordedRequests, requestFlight } from '../http2-client.js';

const FIELDS = {
  ':method': 'GET',
  ':scheme': 'http',
  ':path': '/a?b',
  ':authority': 'Admin.test',
  accept: 'text/html, Text/Plain',
};
const flight = requestFlight(FIELDS);
const yes: unknown = expect.objectContaining({ meta: expect.anything() });

matcherContract("http2Header(':method', 'GET')", http2Header(':method', 'GET'), {
  yes: http2Flights,
  no: [...grpcFlights, ...grpcWaitingFlights, ...grpcWebFlights],
});

describe('http2Header', () => {
  it.each<[how: string, name: string, value: string | RegExp | undefined, found: boolean]>([
    ['a name alone', 'accept', undefined, true],
    ['a name in another case', 'Accept', undefined, true],
    ['the whole value', 'accept', 'text/html, text/plain', true],
    ['an element of the value', 'accept', 'TEXT/PLAIN', true],
    ['a part of the value', 'accept', 'text', false],
    ['a RegExp', 'accept', /plain$/i, true],
    ['a RegExp in the wrong case', 'accept', /plain$/, false],
    ['another name', 'accept-encoding', undefined, false],
    ['a pseudo-header field', ':authority', 'admin.test', true],
    ['the wrong value of a pseudo-header field', ':path', '/a', false],
  ])('searches by %s', (_, name, value, found) => {
    expect(feed(http2Header(name, value), [flight])).toEqual(found ? yes : 'no');
  });

  it('finds the field in any of its lines', () => {
    const block = octets(0x82, hpackLiteral('x-tag', 'a'), hpackLiteral('x-tag', 'b'));
    const bytes = octets(opening, frame(1, { flags: 4, streamId: 1, payload: block }));
    expect(feed(http2Header('x-tag', 'b'), [bytes])).toEqual(yes);
  });

  it('uses a global or sticky RegExp on every connection alike', () => {
    for (const flags of ['g', 'y']) {
      const matcher = http2Header(':path', new RegExp('^/a', flags));
      expect([feed(matcher, [flight]), feed(matcher, [flight])]).toEqual([yes, yes]);
    }
  });

  it('tells the request', () => {
    const { meta } = feed(http2Header('accept'), [flight]) as Match<Http2HeaderMeta>;
    expect(meta).toMatchObject({ method: 'GET', path: '/a?b', authority: 'admin.test' });
    expect(Object.fromEntries(meta.headers)).toEqual(FIELDS);
    expect(meta.headers.list('Accept')).toEqual(['text/html', 'Text/Plain']);
  });

  it('decides on the first request of the connection, whatever the next one holds', async () => {
    const requests = await recordedRequests([{ ':path': '/rest' }, { ':path': '/rpc', 'x-rpc': '1' }]);
    expect(feed(http2Header('x-rpc'), [requests])).toBe('no');
    expect(feed(http2Header(':path', '/rest'), [requests])).toEqual(yes);
  });

  it('prompts a client that waits for SETTINGS', () => {
    const { prompt } = http2Header('accept');
    expect(prompt?.afterMs).toBe(5);
    for (const { bytes } of grpcWaitingFlights) expect(prompt?.isAwaited(bytes)).toBe(true);
  });

  it.each(['', ':', 'a b', 'accept:', 'naïve'])('refuses %j for a name', (name) => {
    expect(() => http2Header(name)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});
