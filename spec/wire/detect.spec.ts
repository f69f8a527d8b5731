import { describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Conn } from '../../src/conn/conn.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { muxado } from '../../src/wire/index.js';
import { feed, matcherContract } from '../conformance/matcher-contract.js';
import { binaryFlights, hex } from '../vectors/binary.js';
import { http1Flights } from '../vectors/http1.js';
import { http2Flights } from '../vectors/http2.js';
import { foreignFlights, simpleFlights } from '../vectors/text-and-simple.js';
import { wireOpenings } from '../vectors/wire/openings.js';

const codecs = wireOpenings.map(({ codec }) => codec);
const flights = wireOpenings.flatMap(({ codec, flights: own }) => own.map((flight) => ({ ...flight, codec })));
const elsewhere = [
  ...[...Object.values(binaryFlights), ...Object.values(simpleFlights)].flat(),
  ...http1Flights,
  ...http2Flights,
  ...foreignFlights,
  // None is in doubt for longer.
].map(({ name, bytes }) => ({ name, bytes: bytes.subarray(0, 32) }));

for (const { codec, flights: yes } of wireOpenings) {
  const others = flights.filter((flight) => flight.codec !== codec);
  matcherContract(codec.protocol, codec, {
    yes,
    no: [...others.map((flight) => ({ ...flight, name: `${flight.codec.protocol}: ${flight.name}` })), ...elsewhere],
  });
}

/** Sends `pieces` through a sniffer over all codecs: the codec that was found, and the bytes it is to read. */
function detect(pieces: readonly Uint8Array[]): { codec: unknown; bytes: Buffer } {
  const [client, server] = memoryPipe();
  let codec: unknown;
  const chunks: Uint8Array[] = [];
  const subscription = of<Conn>(server)
    .pipe(sniff(...codecs))
    .subscribe((conn) => {
      codec = conn.meta[conn.protocol];
      conn.subscribe((chunk) => chunks.push(chunk));
    });
  for (const piece of pieces) client.next(piece);
  subscription.unsubscribe();
  return { codec, bytes: Buffer.concat(chunks) };
}

describe('a sniffer of all codecs', () => {
  it.each(flights)('session case 24: finds $codec.protocol by $name however it is cut, intact', ({ bytes, codec }) => {
    const found = { codec: { codec }, bytes: Buffer.from(bytes) };
    expect(detect([bytes])).toEqual(found);
    expect(detect(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(found);
    for (let k = 1; k < bytes.length; k++) expect(detect([bytes.subarray(0, k), bytes.subarray(k)])).toEqual(found);
  });

  it.each(flights)('session case 24: needs 8 bytes of $codec.protocol: $name, and no more', ({ bytes, codec }) => {
    expect(feed(codec, [bytes.subarray(0, 7)])).toBe('more');
    expect(feed(codec, [bytes.subarray(0, 8)])).toEqual({ meta: { codec } });
  });

  it('session case 24: waits at a beginning that two share, and gives up in time', () => {
    const scheduler = new TestScheduler(() => {});
    scheduler.run(() => {
      const reasons: string[] = [];
      const [client, server] = memoryPipe({ scheduler });
      const rejected = { next: ({ reason, afterMs }: Rejection) => reasons.push(`${reason} at ${afterMs}`) };
      of<Conn>(server)
        .pipe(sniff(...codecs, { timeoutMs: 5, scheduler, rejected }))
        .subscribe();
      // muxado 1 with stream 3, or yamux with stream 1.
      client.next(hex('00000001000000'));
      scheduler.flush();
      expect(reasons).toEqual(['timeout at 5']);
    });
  });

  it('finds muxado2 with types when that is the one it was given', () => {
    const typed = muxado({ typed: true });
    expect(feed(typed, [hex('00000412 00000003 ffffffff')])).toEqual({ meta: { codec: typed } });
  });
});
