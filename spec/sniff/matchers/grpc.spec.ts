import { describe, expect, it } from '@jest/globals';
import { http2Prompt } from '../../../src/sniff/http2-prompt.js';
import { grpc } from '../../../src/sniff/matchers/grpc.js';
import { feed, isMatch, matcherContract } from '../../conformance/matcher-contract.js';
import { grpcFlights, grpcWaitingFlights, grpcWebFlights, http2Flights } from '../../vectors/http2.js';
import { octets, recordedRequests, requestFlight, settingsAck } from '../http2-client.js';

const call = (contentType: string): Uint8Array =>
  requestFlight({
    ':method': 'POST',
    ':path': '/echo.Echo/Say',
    ':authority': 'rpc.test',
    'content-type': contentType,
  });

matcherContract('grpc()', grpc(), {
  yes: grpcFlights,
  no: [...http2Flights, ...grpcWaitingFlights, ...grpcWebFlights],
});

describe('grpc', () => {
  it.each([
    'application/grpc',
    'application/grpc+proto',
    'application/grpc+json',
    'application/grpc;charset=utf-8',
    'Application/GRPC',
  ])('matches the content type %s', (contentType) => {
    const meta = { path: '/echo.Echo/Say', authority: 'rpc.test', contentType };
    expect(feed(grpc(), [call(contentType)])).toEqual({ meta });
  });

  it.each([
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpcfoo',
    'text/application/grpc',
    'application/json',
    '',
  ])('refuses the content type %j', (contentType) => {
    expect(feed(grpc(), [call(contentType)])).toBe('no');
  });

  it('refuses a request without a content type, and one without a path', () => {
    expect(feed(grpc(), [requestFlight({ ':method': 'POST', ':path': '/' })])).toBe('no');
    expect(feed(grpc(), [requestFlight({ ':method': 'CONNECT', 'content-type': 'application/grpc' })])).toBe('no');
  });

  it('case 41: wants more of a client that waits for SETTINGS, and prompts it', () => {
    for (const { bytes } of grpcWaitingFlights) {
      expect(feed(grpc(), [bytes])).toBe('more');
      expect(grpc().prompt?.isAwaited(bytes)).toBe(true);
    }
    expect(grpc({ settingsAfterMs: 20 }).prompt?.afterMs).toBe(20);
  });

  it('case 42: matches whether the acknowledgement comes before the call or behind it', () => {
    for (const { bytes } of grpcFlights.slice(0, 2)) {
      const late = octets(http2Prompt().filter().push(bytes), settingsAck);
      expect(late).toHaveLength(bytes.length);
      expect(isMatch(feed(grpc(), [bytes]))).toBe(true);
      expect(feed(grpc(), [late])).toEqual(feed(grpc(), [bytes]));
    }
  });

  it('case 43: refuses application/grpc-web+proto', () => {
    for (const { bytes } of grpcWebFlights) expect(feed(grpc(), [bytes])).toBe('no');
  });

  it('case 44: the first request of a connection decides for it', async () => {
    const rpc = { ':method': 'POST', ':path': '/echo.Echo/Say', 'content-type': 'application/grpc' };
    const rest = { ':path': '/rest' };
    expect(isMatch(feed(grpc(), [await recordedRequests([rpc, rest])]))).toBe(true);
    expect(feed(grpc(), [await recordedRequests([rest, rpc])])).toBe('no');
  });

  it('decides at the last byte of the header block', () => {
    const flight = requestFlight({ ':method': 'GET', ':path': '/' });
    expect(feed(grpc(), [flight.subarray(0, -1)])).toBe('more');
    expect(feed(grpc(), [flight])).toBe('no');
  });

  it.each([-1, 1.5, 1001])('refuses %s for settingsAfterMs', (settingsAfterMs) => {
    expect(() => grpc({ settingsAfterMs })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});
