import { describe, expect, it } from '@jest/globals';
import { grpcWeb } from '../../../src/sniff/matchers/grpc-web.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { grpcFlights, grpcWaitingFlights, grpcWebFlights, http2Flights } from '../../vectors/http2.js';
import { octets, requestFlight } from '../http2-client.js';

const none = octets();
const [binary2 = none, text2 = none, preflight2 = none, binary1 = none, preflight1 = none] = grpcWebFlights.map(
  ({ bytes }) => bytes,
);
const path = '/echo.Echo/Say';

const overHttp1 = (method: string, ...lines: readonly string[]): Uint8Array =>
  octets(`${method} ${path} HTTP/1.1\r\n`, ...lines.map((line) => `${line}\r\n`), '\r\n');
const overHttp2 = (method: string, fields: Readonly<Record<string, string>>): Uint8Array =>
  requestFlight({ ':method': method, ':path': path, ...fields });

matcherContract('grpcWeb()', grpcWeb(), {
  yes: grpcWebFlights,
  no: [
    ...http2Flights,
    ...grpcFlights,
    ...grpcWaitingFlights,
    { name: 'a page over HTTP/1', bytes: overHttp1('GET', 'Host: web.test', 'Accept: text/html') },
    { name: 'WebDAV', bytes: overHttp1('PROPFIND', 'Host: web.test', 'Depth: 0') },
  ],
});

describe('grpcWeb', () => {
  it.each([
    ['a call over HTTP/2', binary2, { path, contentType: 'application/grpc-web+proto', http: 2 }],
    ['a call as text over HTTP/2', text2, { path, contentType: 'application/grpc-web-text', http: 2 }],
    ['a preflight over HTTP/2', preflight2, { path, http: 2 }],
    ['a call over HTTP/1', binary1, { path, contentType: 'application/grpc-web+proto', http: 1 }],
    ['a preflight over HTTP/1', preflight1, { path, http: 1 }],
  ])('case 43: tells what it learned of %s', (_, flight, meta) => {
    expect(feed(grpcWeb(), [flight])).toEqual({ meta });
  });

  it('waits while the bytes may still become either version of HTTP', () => {
    const verdicts = ['P', 'PR', 'PRI', 'PRO', 'PRX /'].map((text) => feed(grpcWeb(), [octets(text)]));
    expect(verdicts).toEqual(['more', 'more', 'more', 'more', 'more']);
    expect(feed(grpcWeb(), [octets('PRI /x')])).toBe('no');
  });

  it('finds its media types in any case', () => {
    const contentType = 'Application/GRPC-Web';
    expect(feed(grpcWeb(), [overHttp1('POST', `Content-Type: ${contentType}`)])).toEqual({
      meta: { path, contentType, http: 1 },
    });
  });

  it.each([
    ['gRPC itself', 'application/grpc'],
    ['another type', 'application/json; for=application/grpc-web'],
  ])('refuses the content type of %s in both versions', (_, contentType) => {
    expect(feed(grpcWeb(), [overHttp1('POST', `Content-Type: ${contentType}`)])).toBe('no');
    expect(feed(grpcWeb(), [overHttp2('POST', { 'content-type': contentType })])).toBe('no');
  });

  it('takes a preflight only with OPTIONS, and only with x-grpc-web as one of the names', () => {
    const name = 'access-control-request-headers';
    const both = (method: string, names: string): unknown[] => [
      feed(grpcWeb(), [overHttp1(method, `${name}: ${names}`)]),
      feed(grpcWeb(), [overHttp2(method, { [name]: names })]),
    ];
    expect(both('OPTIONS', 'content-type, X-Grpc-Web')).toEqual([
      { meta: { path, http: 1 } },
      { meta: { path, http: 2 } },
    ]);
    expect(both('GET', 'content-type,x-grpc-web')).toEqual(['no', 'no']);
    expect(both('OPTIONS', 'x-grpc-website,content-type')).toEqual(['no', 'no']);
    expect([feed(grpcWeb(), [overHttp1('OPTIONS')]), feed(grpcWeb(), [overHttp2('OPTIONS', {})])]).toEqual([
      'no',
      'no',
    ]);
  });

  it('prompts an HTTP/2 client that waits for SETTINGS, and never an HTTP/1 client', () => {
    const { prompt } = grpcWeb();
    for (const { bytes } of grpcWaitingFlights) expect(prompt?.isAwaited(bytes)).toBe(true);
    for (const flight of [binary1, preflight1]) {
      const awaited = Array.from(flight, (_, end) => prompt?.isAwaited(flight.subarray(0, end)));
      expect(new Set(awaited)).toEqual(new Set([false]));
    }
  });
});
