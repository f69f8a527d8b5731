import { describe, expect, it } from '@jest/globals';
import { HTTP2_PREFACE } from '../../../src/sniff/http2-frame.js';
import { http2 } from '../../../src/sniff/matchers/http2.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { grpcFlights, grpcWaitingFlights, grpcWebFlights, http2Flights } from '../../vectors/http2.js';
import { octets } from '../http2-client.js';

const overHttp1 = grpcWebFlights.filter(({ name }) => name.endsWith('HTTP/1'));

matcherContract('http2()', http2(), {
  yes: [...http2Flights, ...grpcFlights, ...grpcWaitingFlights],
  no: [
    ...overHttp1,
    { name: 'a request with the method PRI', bytes: octets('PRI /x HTTP/1.1\r\nHost: a\r\n\r\n') },
    { name: 'PRI of an earlier draft', bytes: octets('PRI * HTTP/2.0\r\n\r\nFOO * HTTP/2.0\r\n\r\n') },
  ],
});

describe('http2', () => {
  it('case 33: matches at the 24th byte of the preface and never before', () => {
    const verdicts = Array.from({ length: 24 }, (_, i) => feed(http2(), [HTTP2_PREFACE.subarray(0, i + 1)]));
    expect(new Set(verdicts.slice(0, 23))).toEqual(new Set(['more']));
    expect(verdicts[23]).toEqual({ meta: {} });
  });

  it('case 33: refuses a preface at its first wrong byte', () => {
    for (let at = 0; at < 24; at++) {
      const wrong = Uint8Array.from(HTTP2_PREFACE.subarray(0, at + 1));
      wrong[at] = 0;
      expect(feed(http2(), [wrong])).toBe('no');
    }
  });

  it('case 29: tells PR of a PROXY header, of PROPFIND and of HTTP/2 apart at the third byte', () => {
    const answers = ['PR', 'PRO', 'PRI', 'PRI *'].map((text) => feed(http2(), [octets(text)]));
    expect(answers).toEqual(['more', 'no', 'more', 'more']);
  });
});
