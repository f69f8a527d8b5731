import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeldBytes } from '../../src/sniff/held-bytes.js';
import { HTTP2_PREFACE } from '../../src/sniff/http2-frame.js';
import { dropFirstSettingsAck, http2Prompt } from '../../src/sniff/http2-prompt.js';
import type { PromptFilter } from '../../src/sniff/matcher.js';
import { somewhere } from '../conformance/matcher-contract.js';
import { grpcWaitingFlights, http2Flights } from '../vectors/http2.js';
import { frame, octets, opening, requestFlight, settingsAck } from './http2-client.js';

const prompt = http2Prompt();
const windowUpdate = frame(8, { payload: octets(0, 0, 255, 255) });
const request = requestFlight({ ':method': 'GET' }).subarray(opening.length);
const data = frame(0, { streamId: 1, payload: octets('some body'.repeat(20)) });

/** All that comes out of a filter, and whether it ever held back more than the beginning of a frame header. */
function pass(filter: PromptFilter, chunks: readonly Uint8Array[]): Uint8Array {
  const passed: Uint8Array[] = [];
  let waiting = 0;
  for (const chunk of chunks) {
    const before = filter.done;
    const out = filter.push(chunk);
    waiting += chunk.length - out.length - (filter.done && !before ? settingsAck.length : 0);
    expect(waiting).toBeGreaterThanOrEqual(0);
    expect(waiting).toBeLessThan(9);
    passed.push(Uint8Array.from(out));
  }
  return octets(...passed, filter.flush());
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

/** Bytes of a connection, as a sniffer has them. */
function held(bytes: Uint8Array): HeldBytes {
  const first = new HeldBytes(somewhere);
  first.append(Uint8Array.from(bytes));
  return first;
}

describe('http2Prompt', () => {
  it('is an empty SETTINGS after 5 ms of silence, or another time', () => {
    expect(prompt.bytes).toEqual(frame(4));
    expect(prompt.afterMs).toBe(5);
    expect([http2Prompt(0).afterMs, http2Prompt(1000).afterMs]).toEqual([0, 1000]);
  });

  it.each([-1, 1001, 2.5, NaN])('refuses %s ms', (afterMs) => {
    expect(() => http2Prompt(afterMs)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  describe('isAwaited', () => {
    it.each(grpcWaitingFlights)('sees that $name waits, at its last byte only', ({ bytes }) => {
      const awaited = Array.from({ length: bytes.length + 1 }, (_, end) => prompt.isAwaited(bytes.subarray(0, end)));
      expect(awaited.indexOf(true)).toBe(bytes.length);
    });

    it('sees it at the end of each frame that follows, too', () => {
      expect(prompt.isAwaited(octets(opening, windowUpdate))).toBe(true);
      expect(prompt.isAwaited(octets(opening, windowUpdate.subarray(0, 8)))).toBe(false);
      expect(prompt.isAwaited(octets(opening, windowUpdate.subarray(0, 12)))).toBe(false);
    });

    it.each([
      ['has sent its request', octets(opening, request)],
      ['has begun a request', octets(opening, request.subarray(0, 12))],
      ['has sent no SETTINGS', octets(HTTP2_PREFACE)],
      ['speaks HTTP/1', octets('POST /a HTTP/1.1\r\nHost: ', 0, 0, 0, 4, 0, 0, 0, 0, 0)],
    ])('sees that a client that %s does not wait', (_, bytes) => {
      expect(prompt.isAwaited(bytes)).toBe(false);
    });
  });

  describe('isAnswered', () => {
    it('sees the acknowledgement once it is whole', () => {
      const bytes = octets(opening, request, settingsAck, data, settingsAck);
      const end = opening.length + request.length + settingsAck.length;
      expect(
        [bytes, bytes.subarray(0, end), bytes.subarray(0, end - 1)].map((b) => prompt.isAnswered(held(b))),
      ).toEqual([true, true, false]);
    });

    it.each([...http2Flights, ...grpcWaitingFlights])('sees none in the flight of $name', ({ bytes }) => {
      expect(prompt.isAnswered(held(bytes))).toBe(false);
    });

    it('looks at no frame twice, however its bytes come', () => {
      const first = held(octets(opening, request));
      for (const byte of octets(data, data)) {
        first.append(Uint8Array.of(byte));
        expect(prompt.isAnswered(first)).toBe(false);
      }
      // Not that bytes ever change: an answer among those that were seen must not be seen now.
      first.all.set(octets(settingsAck), opening.length);
      expect(prompt.isAnswered(first)).toBe(false);
      first.append(settingsAck);
      expect(prompt.isAnswered(first)).toBe(true);
    });
  });

  it('case 42: its filter takes the acknowledgement out when it comes after hand-over', () => {
    const filter = prompt.filter();
    expect(pass(filter, [opening, request, data, octets(settingsAck, data), octets(settingsAck)])).toEqual(
      octets(opening, request, data, data, settingsAck),
    );
    expect(filter.done).toBe(true);
  });

  it('case 42: its filter passes everything on when the acknowledgement never comes', () => {
    const filter = prompt.filter();
    const all = octets(opening, request, data, windowUpdate, data, frame(4).subarray(0, 7));
    expect(pass(filter, cut(all, [1, 50, 220]))).toEqual(all);
    expect(filter.done).toBe(false);
  });
});

describe('dropFirstSettingsAck', () => {
  const before = octets(opening, request, data);
  const whole = octets(before, settingsAck, windowUpdate, settingsAck, data);
  const expected = octets(before, windowUpdate, settingsAck, data);

  it('drops the first acknowledgement of a connection, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
        expect(pass(dropFirstSettingsAck(), cut(whole, places))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    expect(
      pass(
        dropFirstSettingsAck(),
        Array.from(whole, (byte) => octets(byte)),
      ),
    ).toEqual(expected);
  });

  it('is transparent once it is done, and keeps no bytes of the chunks it was lent', () => {
    const filter = dropFirstSettingsAck();
    filter.push(opening);
    const lent = settingsAck.slice(0, 5);
    expect(filter.push(lent)).toHaveLength(0);
    lent.fill(255);
    expect(filter.push(settingsAck.subarray(5))).toHaveLength(0);
    expect(filter.done).toBe(true);
    expect(filter.push(data)).toBe(data);
    expect(filter.flush()).toHaveLength(0);
  });

  it('gives back what it held at the end of the connection, once', () => {
    const filter = dropFirstSettingsAck();
    filter.push(opening);
    filter.push(settingsAck.subarray(0, 6));
    expect(filter.flush()).toEqual(settingsAck.subarray(0, 6));
    expect(filter.flush()).toHaveLength(0);
  });

  it('counts through the longest frame there can be without holding any of it', () => {
    const filter = dropFirstSettingsAck();
    filter.push(opening);
    const chunk = new Uint8Array(0x10000);
    pass(filter, [frame(0, { streamId: 1, length: 0xffffff })]);
    for (let i = 0; i < 255; i++) expect(filter.push(chunk)).toHaveLength(chunk.length);
    expect(filter.push(octets(chunk.subarray(1), settingsAck, data))).toEqual(octets(chunk.subarray(1), data));
  });
});
