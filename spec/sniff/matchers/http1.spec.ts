import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { http1 } from '../../../src/sniff/matchers/http1.js';
import { byteByByte, feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { curlGet, http1Flights, lines, otherFlights, rtspFlights, websocketFlights } from '../../vectors/http1.js';

const matcher = http1();

matcherContract('http1()', matcher, {
  yes: [
    ...http1Flights,
    ...websocketFlights,
    { name: 'an unknown method', bytes: lines('brew-it! /pot HTTP/1.9', '') },
    ...['\r\n\r\n', '\n', '\r', '\n\r\n', '\r\n'.repeat(20)].map((empty) => ({
      name: `${JSON.stringify(empty)} first`,
      bytes: latin1(`${empty}GET / HTTP/1.1\r\n\r\n`),
    })),
  ],
  no: [
    ...otherFlights,
    ...rtspFlights,
    { name: 'case 27: GETAWAY x', bytes: lines('GETAWAY x') },
    { name: 'case 27: PRI with a path', bytes: lines('PRI /x HTTP/1.1', '') },
    { name: 'case 27: HTTP/0.9', bytes: lines('GET /') },
    { name: 'SIP', bytes: lines('OPTIONS sip:a@example.com SIP/2.0', '') },
    { name: 'ICAP', bytes: lines('OPTIONS icap://example.com/x ICAP/1.0', '') },
    { name: 'HTTP/2 as a version', bytes: lines('GET / HTTP/2.0', '') },
    { name: 'a version of two digits', bytes: lines('GET / HTTP/1.10', '') },
    { name: 'a version in lower case', bytes: lines('GET / http/1.1', '') },
    { name: 'a bare LF', bytes: latin1('GET / HTTP/1.1\n\n') },
    { name: 'a bare CR', bytes: latin1('GET / HTTP/1.1\rHost: a\r\n\r\n') },
    { name: 'a space before the line end', bytes: lines('GET / HTTP/1.1 ', '') },
    { name: 'an empty target', bytes: lines('GET  HTTP/1.1', '') },
    { name: 'an empty method', bytes: lines(' / HTTP/1.1', '') },
    { name: 'a tab for a space', bytes: lines('GET\t/ HTTP/1.1', '') },
    { name: 'a NUL in the target', bytes: lines('GET /\0 HTTP/1.1', '') },
  ],
});

describe('http1', () => {
  it('tells the request line', () => {
    const flight = lines('GET http://example.com/caf\xe9?x=1 HTTP/1.0', '');
    const meta = { method: 'GET', target: 'http://example.com/caf\xe9?x=1', version: '1.0' };
    expect(feed(matcher, [flight])).toEqual({ meta });
  });

  it('decides at the end of the request line, before the head ends', () => {
    const end = curlGet.indexOf(0x0a) + 1;
    expect(feed(matcher, [curlGet.subarray(0, end - 1)])).toBe('more');
    expect(isMatch(feed(matcher, [curlGet.subarray(0, end)]))).toBe(true);
  });

  it.each([
    ['an SSH banner without a comment, at its CR', 'SSH-2.0-Go\r'],
    ['HTTP/2, once its method is complete', 'PRI '],
    ['case 29: PROXY v1, at its first address', 'PROXY TCP4 1'],
    ['a Redis command, at its first CR', '*1\r'],
    ['AMQP, at its fifth byte', 'AMQP\0'],
    ['STOMP, at its first LF', 'CONNECT\n'],
    ['RTSP, at its version', 'OPTIONS rtsp://a R'],
    ['SIP, at its version', 'OPTIONS sip:a S'],
    ['HTTP/0.9, at its CR', 'GET /\r'],
    ['PROXY v2, at its NUL', '\r\n\r\n\0'],
    ['TLS, at its first byte', '\x16'],
    ['text that begins with a letter that no token has', '\xc9'],
  ])('refuses %s', (_, text) => {
    const bytes = latin1(text);
    if (bytes.length > 1) expect(feed(matcher, byteByByte(bytes.subarray(0, -1)))).toBe('more');
    expect(feed(matcher, byteByByte(bytes))).toBe('no');
    expect(feed(matcher, [bytes])).toBe('no');
  });

  it.each([8_160, 16_000, 60_000])(
    'takes a request line of %d bytes: how many may come is for the sniffer to say',
    (bytes) => {
      const line = lines(`GET /${'a'.repeat(bytes)} HTTP/1.1`);
      expect(isMatch(feed(matcher, [line]))).toBe(true);
      expect(isMatch(feed(matcher, byteByByte(line)))).toBe(true);
      expect(feed(matcher, [line.subarray(0, -1)])).toBe('more');
    },
  );

  it('answers the same when asked again', () => {
    expect(feed(matcher, [curlGet, curlGet], true)).toEqual(feed(matcher, [curlGet]));
  });
});
