import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { websocket } from '../../../src/sniff/matchers/websocket.js';
import { feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { handshake, http1Flights, otherFlights, rtspFlights, websocketFlights } from '../../vectors/http1.js';

const KEY = 'Sec-WebSocket-Key';

matcherContract('websocket()', websocket(), {
  yes: [
    ...websocketFlights,
    {
      name: 'upgrade among other tokens',
      bytes: handshake({ Connection: 'a,UPGRADE , b', Upgrade: 'h2c, websocket' }),
    },
    { name: 'an empty line first', bytes: latin1(`\r\n${String.fromCharCode(...handshake())}`) },
  ],
  no: [
    ...http1Flights,
    ...rtspFlights,
    ...otherFlights,
    { name: 'case 31: a missing key', bytes: handshake({ [KEY]: undefined }) },
    { name: 'a key of 15 bytes', bytes: handshake({ [KEY]: 'dGhlIHNhbXBsZSBub25j' }) },
    { name: 'a key of 17 bytes', bytes: handshake({ [KEY]: 'dGhlIHNhbXBsZSBub25jZWU=' }) },
    { name: 'a key that is no base64', bytes: handshake({ [KEY]: 'dGhlIHNhbXBsZSBub2-jZQ==' }) },
    {
      name: 'two keys',
      bytes: handshake({ [KEY]: 'dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==' }),
    },
    { name: 'case 31: version 8', bytes: handshake({ 'Sec-WebSocket-Version': '8' }) },
    { name: 'a missing version', bytes: handshake({ 'Sec-WebSocket-Version': undefined }) },
    { name: 'a Connection without upgrade', bytes: handshake({ Connection: 'keep-alive' }) },
    { name: 'an Upgrade to something else', bytes: handshake({ Upgrade: 'websockets' }) },
    { name: 'a missing Upgrade', bytes: handshake({ Upgrade: undefined }) },
    { name: 'a missing Host', bytes: handshake({ Host: undefined }) },
    { name: 'two Hosts', bytes: handshake({ Host: 'a\r\nHost: a' }) },
    { name: 'a POST', bytes: handshake({}, 'POST /chat HTTP/1.1') },
    { name: 'HTTP/1.0', bytes: handshake({}, 'GET /chat HTTP/1.0') },
    { name: 'case 24: a folded value', bytes: handshake({ Connection: 'keep-alive,\r\n Upgrade' }) },
  ],
});

describe('websocket', () => {
  it('tells path, host, subprotocols and origin', () => {
    expect(feed(websocket(), [handshake()])).toEqual({
      meta: {
        path: '/chat',
        host: 'server.example.com',
        protocols: ['chat', 'superchat'],
        origin: 'https://example.com',
      },
    });
    const plain = handshake({ Origin: undefined, 'Sec-WebSocket-Protocol': undefined }, 'GET ws://other:81 HTTP/1.1');
    expect(feed(websocket(), [plain])).toStrictEqual({ meta: { path: '/', host: 'other', protocols: [] } });
  });

  it('gathers subprotocols from several lines', () => {
    const flight = handshake({ 'Sec-WebSocket-Protocol': 'a, b\r\nSec-WebSocket-Protocol: C' });
    expect(feed(websocket(), [flight])).toMatchObject({ meta: { protocols: ['a', 'b', 'C'] } });
  });

  it.each<[string | RegExp, string, boolean]>([
    ['/chat', '/chat?v=2', true],
    ['/chat', '/chat', true],
    ['/chat', '/chat/', false],
    ['/chat', '/Chat', false],
    ['/', '/chat', false],
    [/^\/room\/\d+$/, '/room/7?x', true],
    [/^\/room\/\d+$/, '/room/x', false],
    [/\d/g, '/room/7', true],
    [/\/room/y, '/room/7', true],
  ])('with path %s, a handshake for %s: %s', (path, target, expected) => {
    const matcher = websocket({ path });
    for (let i = 0; i < 3; i++) {
      expect(isMatch(feed(matcher, [handshake({}, `GET ${target} HTTP/1.1`)]))).toBe(expected);
    }
  });

  it.each(['P', 'GO', 'GET\t', '\r\n\r\n\0', '\r\nP'])('refuses %j at its last byte', (text) => {
    const bytes = latin1(text);
    if (bytes.length > 1) expect(feed(websocket(), [bytes.subarray(0, -1)])).toBe('more');
    expect(feed(websocket(), [bytes])).toBe('no');
  });

  it('decides at the end of the head', () => {
    const flight = handshake();
    expect(feed(websocket(), [flight.subarray(0, -1)])).toBe('more');
    expect(isMatch(feed(websocket(), [flight]))).toBe(true);
  });
});
