import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { http1 } from '../../../src/sniff/matchers/http1.js';
import { rtsp } from '../../../src/sniff/matchers/rtsp.js';
import { byteByByte, feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { http1Flights, lines, otherFlights, rtspFlights, websocketFlights } from '../../vectors/http1.js';

matcherContract('rtsp()', rtsp(), {
  yes: rtspFlights,
  no: [
    ...http1Flights,
    ...websocketFlights,
    ...otherFlights,
    { name: 'another version', bytes: lines('OPTIONS rtsp://a RTSP/3.0', '') },
    { name: 'a minor version', bytes: lines('OPTIONS rtsp://a RTSP/1.1', '') },
    { name: 'HTTP for an RTSP target', bytes: lines('OPTIONS rtsp://a HTTP/1.1', '') },
    { name: 'a path for a target', bytes: lines('OPTIONS /a RTSP/1.0', '') },
    { name: 'a scheme that only begins the same', bytes: lines('OPTIONS rtspx://a RTSP/1.0', '') },
    { name: 'a scheme cut short', bytes: lines('OPTIONS rtsp RTSP/1.0', '') },
    { name: '* with another method', bytes: lines('PLAY * RTSP/1.0', '') },
    { name: '* and more', bytes: lines('OPTIONS *a RTSP/1.0', '') },
    { name: 'a bare LF', bytes: latin1('OPTIONS * RTSP/1.0\n') },
  ],
});

describe('rtsp', () => {
  it('tells the request line', () => {
    const flight = lines('DESCRIBE rtsp://cam.example.com/a RTSP/2.0', 'CSeq: 1', '');
    const meta = { method: 'DESCRIBE', target: 'rtsp://cam.example.com/a', version: '2.0' };
    expect(feed(rtsp(), [flight])).toEqual({ meta });
  });

  it('case 28: OPTIONS * is HTTP or RTSP by its version alone', () => {
    const http = lines('OPTIONS * HTTP/1.1', '');
    const rtspStar = lines('OPTIONS * RTSP/1.0', '');
    expect([http1(), rtsp()].map((matcher) => isMatch(feed(matcher, [http])))).toEqual([true, false]);
    expect([http1(), rtsp()].map((matcher) => isMatch(feed(matcher, [rtspStar])))).toEqual([false, true]);
  });

  it.each(['GET /', 'OPTIONS r/', 'OPTIONS rtsp:/x', 'OPTIONS * H', 'PLAY *', 'OPTIONS *a', 'PRI ', 'SSH-2.0-x\r'])(
    'refuses %j at its last byte',
    (text) => {
      const bytes = latin1(text);
      expect(feed(rtsp(), byteByByte(bytes.subarray(0, -1)))).toBe('more');
      expect(feed(rtsp(), byteByByte(bytes))).toBe('no');
      expect(feed(rtsp(), [bytes])).toBe('no');
    },
  );
});
