import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HTTP2_PREFACE } from '../../src/sniff/http2-frame.js';
import { Http2Head, type Http2Request } from '../../src/sniff/http2-head.js';
import { grpcFlights, grpcWaitingFlights, http2Flights } from '../vectors/http2.js';
import {
  frame,
  headerBlock,
  hpackInteger,
  hpackLiteral,
  hpackString,
  octets,
  opening,
  recordedRequests,
} from './http2-client.js';

const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 0x20;

const GET = { ':method': 'GET', ':scheme': 'http', ':path': '/a?b', ':authority': 'rxmux.test' };
const block = headerBlock(GET);
const headers = (flags: number, payload: Uint8Array, streamId = 1): Uint8Array =>
  frame(1, { flags, streamId, payload });
const continuation = (flags: number, payload = octets(), streamId = 1): Uint8Array =>
  frame(9, { flags, streamId, payload });
const request = headers(END_STREAM | END_HEADERS, block);

const read = (...parts: readonly Uint8Array[]): Http2Request | 'no' | 'more' => new Http2Head().read(octets(...parts));

/** The fields of the first request; or the answer there is instead. */
const fieldsOf = (...parts: readonly Uint8Array[]): unknown => {
  const answer = read(...parts);
  return typeof answer === 'string' ? answer : Object.fromEntries(answer.headers);
};

/** The answer to every beginning of `bytes`, one byte more each time, by one parser. */
function answersByByte(bytes: Uint8Array): (Http2Request | 'no' | 'more')[] {
  const head = new Http2Head();
  return Array.from(bytes, (_, i) => head.read(bytes.subarray(0, i + 1)));
}

describe('Http2Head', () => {
  it('reads the first request', () => {
    expect(read(opening, request)).toMatchObject({ method: 'GET', path: '/a?b', authority: 'rxmux.test' });
    expect(fieldsOf(opening, request)).toEqual(GET);
  });

  it.each([...http2Flights, ...grpcFlights])('reads $name the same whole and byte by byte', ({ bytes }) => {
    const whole = read(bytes);
    expect(whole).toMatchObject({ method: expect.stringMatching(/^(GET|POST)$/), path: expect.stringMatching(/^\//) });
    expect(answersByByte(bytes).at(-1)).toEqual(whole);
  });

  it.each(grpcWaitingFlights)('wants more of $name, which waits for SETTINGS', ({ bytes }) => {
    expect(new Set(answersByByte(bytes))).toEqual(new Set(['more']));
  });

  it.each([
    [{ host: 'rxmux.test' }, 'the same'],
    [{ host: 'RXMUX.test.:080' }, 'the same in another form'],
  ])('takes :authority beside a host that is %j', (fields) => {
    expect(read(opening, headers(END_HEADERS, headerBlock({ ...GET, ...fields })))).toMatchObject({
      authority: 'rxmux.test',
    });
  });

  it.each([
    { ...GET, host: 'admin.test' },
    { ...GET, host: 'rxmux.test:8080' },
    { ...GET, host: 'a b' },
    { ...GET, ':authority': 'user@rxmux.test' },
    { ...GET, ':authority': 'rxmux.test:70000' },
  ])('reads no request that may be for two hosts, or for none: %j', (fields) => {
    expect(read(opening, headers(END_HEADERS, headerBlock(fields)))).toBe('no');
  });

  it('reads no request with two hosts or two authorities', () => {
    const twice = (name: string): Uint8Array =>
      headers(
        END_HEADERS,
        octets(headerBlock(GET), headerBlock({ [name]: 'rxmux.test' }), headerBlock({ [name]: 'rxmux.test' })),
      );
    expect(read(opening, twice('host'))).toBe('no');
    expect(read(opening, twice(':authority'))).toBe('no');
  });

  it('takes the host for the authority where there is none, and CONNECT without a path', () => {
    const http1Like = headerBlock({ ':method': 'GET', ':path': '/', host: 'old.test' });
    expect(read(opening, headers(END_HEADERS, http1Like))).toMatchObject({ authority: 'old.test' });
    const connect = headerBlock({ ':method': 'CONNECT', ':authority': 'db.test:5432' });
    expect(read(opening, headers(END_HEADERS, connect))).toMatchObject({ path: undefined, authority: 'db.test:5432' });
  });

  it('keeps its answer, whatever follows', () => {
    const head = new Http2Head();
    const bytes = octets(opening, request);
    const answer = head.read(bytes);
    expect(head.read(octets(bytes, frame(1, { length: 0xffffff })))).toBe(answer);
  });

  it('case 33: wants more of the preface alone and of 23 bytes of it, and refuses a wrong 24th', () => {
    expect(new Set(answersByByte(HTTP2_PREFACE))).toEqual(new Set(['more']));
    const wrong = octets(HTTP2_PREFACE.subarray(0, 23), '\r');
    expect([read(wrong.subarray(0, 23)), read(wrong)]).toEqual(['more', 'no']);
  });

  it('case 34: skips SETTINGS, WINDOW_UPDATE, a frame of no known type, PRIORITY and PING', () => {
    const skipped = [
      frame(4, { payload: octets(0, 3, 0, 0, 0, 100) }),
      frame(4, { flags: 1 }),
      frame(8, { payload: octets(0, 0, 255, 255) }),
      frame(0x0b + 0x1f, { flags: 255, streamId: 77, payload: octets('grease') }),
      frame(0x10, { payload: octets(0, 0, 0, 1, 'u=1') }),
      frame(2, { streamId: 3, payload: octets(0, 0, 0, 0, 200) }),
      frame(6, { payload: octets('12345678') }),
    ];
    expect(fieldsOf(opening, ...skipped, request)).toEqual(GET);
  });

  it('case 35: takes padding and priority off, and refuses padding that is longer than its frame', () => {
    const priority = octets(0x80, 0, 0, 0, 15);
    const padding = new Uint8Array(7);
    const all = END_HEADERS | PADDED | PRIORITY;
    expect(fieldsOf(opening, headers(all, octets(7, priority, block, padding)))).toEqual(GET);
    expect(fieldsOf(opening, headers(END_HEADERS | PADDED, octets(7, block, padding)))).toEqual(GET);
    expect(fieldsOf(opening, headers(END_HEADERS | PADDED, octets(0, block)))).toEqual(GET);
    expect(fieldsOf(opening, headers(END_HEADERS | PRIORITY, octets(priority, block)))).toEqual(GET);
    // A frame of 20 bytes has room for 19 bytes of padding, or 14 behind a priority.
    const padded = (flags: number, length: number): Uint8Array =>
      octets(frame(1, { flags, streamId: 1, length: 20 }), length);
    expect(read(opening, padded(PADDED, 19))).toBe('more');
    expect(read(opening, padded(PADDED, 20))).toBe('no');
    expect(read(opening, padded(PADDED | PRIORITY, 14))).toBe('more');
    expect(read(opening, padded(PADDED | PRIORITY, 15))).toBe('no');
    // Not even room for what the flags announce.
    expect(read(opening, frame(1, { flags: PADDED, streamId: 1 }))).toBe('no');
    expect(read(opening, frame(1, { flags: PRIORITY, streamId: 1, length: 4 }))).toBe('no');
  });

  it('case 36: joins HEADERS and three CONTINUATION frames that are cut within a Huffman code', () => {
    // 'www.example.com' of RFC 7541 C.4.1.
    const authority = octets(0x82, 0x84, 0x41, Buffer.from('8cf1e3c2e5f23a6ba0ab90f4ff', 'hex'));
    const frames = [
      headers(0, authority.subarray(0, 5)),
      continuation(0, authority.subarray(5, 6)),
      continuation(0, authority.subarray(6, 9)),
      continuation(END_HEADERS, authority.subarray(9)),
    ];
    const expected = { ':method': 'GET', ':path': '/', ':authority': 'www.example.com' };
    expect(fieldsOf(opening, ...frames)).toEqual(expected);
    const answers = answersByByte(octets(opening, ...frames));
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['more']));
    expect(answers.at(-1)).toEqual(read(opening, ...frames));
  });

  it('case 37: refuses a flood of empty CONTINUATION frames at the header of the ninth', () => {
    const begun = octets(opening, headers(0, block));
    const flood = octets(begun, ...Array.from({ length: 10_000 }, () => continuation(0)));
    expect(read(flood)).toBe('no');
    const ninth = begun.length + 9 * 9;
    expect(answersByByte(flood.subarray(0, ninth)).lastIndexOf('more')).toBe(ninth - 2);
    // Eight are taken.
    expect(fieldsOf(begun, ...Array.from({ length: 7 }, () => continuation(0)), continuation(END_HEADERS))).toEqual(
      GET,
    );
  });

  it('refuses a flood of skipped frames at the header of the 33rd', () => {
    const pings = (count: number): Uint8Array[] =>
      Array.from({ length: count }, () => frame(6, { payload: octets('12345678') }));
    expect(fieldsOf(opening, ...pings(30), request)).toEqual(GET);
    expect(read(opening, ...pings(31))).toBe('more');
    expect(read(opening, ...pings(31), request.subarray(0, 9))).toBe('no');
  });

  it('case 38: refuses an entry of nearly 4 KiB that is named a thousand times', () => {
    const bomb = octets(hpackLiteral('x', 'v'.repeat(4000), true), new Uint8Array(1000).fill(0xbe));
    expect(read(opening, headers(END_HEADERS, octets(block, bomb)))).toBe('no');
  });

  it('case 39: refuses a change of the table size to 4 GiB, and one in the middle of a block', () => {
    expect(fieldsOf(opening, headers(END_HEADERS, octets(0x20, block)))).toEqual(GET);
    const huge = Buffer.from('3fe1ffffff0f', 'hex');
    expect(read(opening, headers(END_HEADERS, octets(huge, block)))).toBe('no');
    expect(read(opening, headers(END_HEADERS, octets(block, 0x20, block)))).toBe('no');
  });

  it('case 40: refuses a frame by its header alone if it claims more than 16,384 bytes', () => {
    for (const type of [0x0, 0x1, 0x2, 0x4, 0x6, 0x8, 0x9, 0xb]) {
      expect(read(opening, frame(type, { streamId: 1, length: 0xffffff }))).toBe('no');
    }
    expect(read(HTTP2_PREFACE, frame(4, { length: 0xffffff }))).toBe('no');
    expect(read(opening, frame(1, { streamId: 1, length: 16385 }))).toBe('no');
    expect(read(opening, frame(1, { streamId: 1, length: 16384 }))).toBe('more');
  });

  it('refuses a block of more than 64 KiB at the header of the frame that goes past it', () => {
    const full = new Uint8Array(16384);
    const begun = [opening, headers(0, full), continuation(0, full), continuation(0, full)];
    expect(read(...begun, frame(9, { streamId: 1, length: 16384 }))).toBe('more');
    expect(read(...begun, continuation(0, full), frame(9, { streamId: 1, length: 1 }))).toBe('no');
    expect(read(...begun, continuation(0, full), frame(9, { streamId: 1 }))).toBe('more');
  });

  it('decodes a block of nearly 64 KiB', () => {
    const cookie = octets(0, hpackString('x'), hpackInteger(65_000, 7), 'c'.repeat(65_000));
    const long = octets(block, cookie);
    const parts = [0, 1, 2, 3].map((i) => long.subarray(16384 * i, 16384 * (i + 1)));
    const [first = octets(), ...rest] = parts;
    const frames = rest.map((part, i) => continuation(i === 2 ? END_HEADERS : 0, part));
    expect(fieldsOf(opening, headers(0, first), ...frames)).toEqual({ ...GET, x: 'c'.repeat(65_000) });
  });

  it.each([
    ['an acknowledgement first', [frame(4, { flags: 1 })]],
    ['WINDOW_UPDATE first', [frame(8, { payload: octets(0, 0, 0, 1) })]],
    ['HEADERS first', [request]],
    ['a frame of no known type first', [frame(0xee)]],
    ['SETTINGS of a stream', [frame(4, { streamId: 1 })]],
    ['SETTINGS of 7 bytes', [frame(4, { length: 7 })]],
    ['an acknowledgement with settings in it', [frame(4), frame(4, { flags: 1, length: 6 })]],
    ['HEADERS of no stream', [frame(4), headers(END_HEADERS, block, 0)]],
    ['HEADERS of a stream of the server', [frame(4), headers(END_HEADERS, block, 2)]],
    ['DATA', [frame(4), frame(0, { streamId: 1 })]],
    ['RST_STREAM', [frame(4), frame(3, { streamId: 1, length: 4 })]],
    ['PUSH_PROMISE', [frame(4), frame(5, { streamId: 1, length: 4 })]],
    ['GOAWAY', [frame(4), frame(7, { length: 8 })]],
    ['CONTINUATION of nothing', [frame(4), continuation(END_HEADERS, block)]],
    ['CONTINUATION of another stream', [frame(4), headers(0, block), continuation(END_HEADERS, octets(), 3)]],
    ['SETTINGS within a header block', [frame(4), headers(0, block), frame(4)]],
    ['HEADERS within a header block', [frame(4), headers(0, block), request]],
    ['a block that is no HPACK', [frame(4), headers(END_HEADERS, octets(0x80))]],
    ['a block without a method', [frame(4), headers(END_HEADERS, hpackLiteral('grpc-status', '0'))]],
    ['an empty block', [frame(4), headers(END_HEADERS, octets())]],
  ])('refuses %s for good', (_, frames) => {
    const head = new Http2Head();
    const bytes = octets(HTTP2_PREFACE, ...frames);
    expect(head.read(bytes)).toBe('no');
    expect(head.read(octets(bytes, request))).toBe('no');
    expect(answersByByte(bytes).at(-1)).toBe('no');
  });

  it('reads what nghttp2 writes, however it is cut', async () => {
    const fields = fc.dictionary(fc.stringMatching(/^x-[a-z]{1,20}$/), fc.stringMatching(/^[!-~]{1,80}$/), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(fields, fc.array(fc.nat(), { maxLength: 8 }), async (extra, cuts) => {
        const sent = { ...GET, ...extra };
        const bytes = await recordedRequests([sent, GET]);
        const head = new Http2Head();
        for (const cut of cuts.map((n) => n % bytes.length).sort((a, b) => a - b)) {
          head.read(bytes.slice(0, cut));
        }
        const answer = head.read(bytes);
        expect(typeof answer === 'string' ? answer : Object.fromEntries(answer.headers)).toEqual(sent);
      }),
      { numRuns: 60 },
    );
  });

  it('never throws on a mutated flight, nor lets the cut decide', () => {
    const flights = [...http2Flights, ...grpcFlights].map(({ bytes }) => bytes);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...flights), changes, fc.nat(), (flight, list, cut) => {
        const bytes = Uint8Array.from(flight);
        // The preface is left alone: without it there is nothing to read.
        for (const [at, byte] of list) bytes[24 + (at % (bytes.length - 24))] = byte;
        const head = new Http2Head();
        head.read(bytes.subarray(0, cut % bytes.length));
        expect(head.read(bytes)).toEqual(read(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});
