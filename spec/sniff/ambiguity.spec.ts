import { describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { Matcher } from '../../src/sniff/matcher.js';
import * as matchers from '../../src/sniff/matchers/index.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { feed, isMatch, type Flight } from '../conformance/matcher-contract.js';
import { binaryFlights } from '../vectors/binary.js';
import { http1Flights, rtspFlights, websocketFlights } from '../vectors/http1.js';
import { grpcFlights, grpcWebFlights, http2Flights } from '../vectors/http2.js';
import { simpleFlights } from '../vectors/text-and-simple.js';
import { wireOpenings } from '../vectors/wire/openings.js';

/** Every protocol with its matcher and flights, the more specific before the more general, as a port would list them. */
const protocols: readonly { matcher: Matcher; flights: readonly Flight[]; alsoMatchedBy?: readonly string[] }[] = [
  { matcher: matchers.websocket(), flights: websocketFlights, alsoMatchedBy: ['http1'] },
  { matcher: matchers.grpcWeb(), flights: grpcWebFlights, alsoMatchedBy: ['http1', 'http2'] },
  { matcher: matchers.rtsp(), flights: rtspFlights },
  { matcher: matchers.http1(), flights: http1Flights },
  { matcher: matchers.grpc(), flights: grpcFlights, alsoMatchedBy: ['http2'] },
  { matcher: matchers.http2(), flights: http2Flights },
  ...(['tls', 'postgres', 'dns', 'rdp', 'kafka', 'thrift'] as const).map((name) => ({
    matcher: matchers[name](),
    flights: binaryFlights[name],
  })),
  ...(['ssh', 'socks4', 'socks5', 'redis', 'mqtt', 'amqp', 'xmpp'] as const).map((name) => ({
    matcher: matchers[name](),
    flights: simpleFlights[name],
  })),
  ...wireOpenings.map(({ codec, flights }) => ({ matcher: codec, flights })),
];
const all = protocols.map(({ matcher }) => matcher);
const flights = protocols.flatMap(({ matcher, flights: own, alsoMatchedBy = [] }) =>
  own.map((flight) => ({ ...flight, protocol: matcher.protocol, alsoMatchedBy })),
);

/** Sends `pieces` through a sniffer over all matchers; what became of the connection, and the bytes it was handed on with. */
function route(pieces: readonly Uint8Array[], end = false): { protocol: string; bytes: Buffer; faults: number } {
  const [client, server] = memoryPipe();
  const out = { protocol: '', chunks: [] as Uint8Array[], faults: 0 };
  const rejected = { next: ({ reason, bytes }: Rejection) => ((out.protocol = reason), out.chunks.push(bytes)) };
  const subscription = of<Conn>(server)
    .pipe(sniff(...all, { rejected, faults: { next: () => out.faults++ } }))
    .subscribe((conn) => {
      out.protocol = conn.protocol;
      conn.subscribe((chunk) => out.chunks.push(chunk));
    });
  for (const piece of pieces) client.next(piece);
  if (end) client.complete();
  subscription.unsubscribe();
  return { protocol: out.protocol, bytes: Buffer.concat(out.chunks), faults: out.faults };
}

describe('every protocol against all matchers at once', () => {
  it.each(flights)(
    'cases 1 and 4: $protocol: $name goes its own way only, intact',
    ({ bytes, protocol, alsoMatchedBy }) => {
      expect(route([bytes])).toEqual({ protocol, bytes: Buffer.from(bytes), faults: 0 });
      const claimed = all.filter((matcher) => isMatch(feed(matcher, [bytes], true))).map((matcher) => matcher.protocol);
      expect(claimed).toContain(protocol);
      expect([protocol, ...alsoMatchedBy]).toEqual(expect.arrayContaining(claimed));
    },
  );

  it.each(flights)('case 2: $protocol: $name goes the same way byte by byte, intact', ({ bytes, protocol }) => {
    expect(route(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual({
      protocol,
      bytes: Buffer.from(bytes),
      faults: 0,
    });
  });

  it.each(flights)('case 3: $protocol: $name goes the same way at every split, intact', ({ bytes, protocol }) => {
    for (let k = 1; k < bytes.length; k++) {
      const { protocol: found, bytes: intact } = route([bytes.subarray(0, k), bytes.subarray(k)]);
      if (found !== protocol || !intact.equals(bytes))
        expect([k, found, intact]).toEqual([k, protocol, Buffer.from(bytes)]);
    }
  });

  it('case 5: every flight cut off anywhere and ended is decided or turned away with all its bytes, and no matcher throws', () => {
    for (const { bytes } of flights) {
      for (let k = 1; k < bytes.length; k++) {
        const { protocol, bytes: intact, faults } = route([bytes.subarray(0, k)], true);
        if (protocol === '' || faults > 0 || intact.length !== k)
          expect([protocol, faults, intact.length]).toEqual(['decided', 0, k]);
      }
    }
  });
});

describe('random bytes', () => {
  // xorshift32: the same blobs in every run.
  let state = 0x9e3779b9;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };

  it('case 6: 200,000 blobs of up to 64 bytes are answered by every matcher without a throw', () => {
    let matched = 0;
    for (let n = 0; n < 200_000; n++) {
      const blob = Uint8Array.from({ length: random(65) }, () => random(256));
      for (const matcher of all) {
        const { firstBytes } = matcher;
        if (firstBytes !== undefined && !firstBytes.includes(blob[0] ?? 0)) continue;
        if (isMatch(feed(matcher, [blob], true))) matched++;
      }
    }
    // Bare socks and smux-like signatures are short: a handful of blobs do match, most do not.
    expect(matched).toBeLessThan(2000);
  });
});
