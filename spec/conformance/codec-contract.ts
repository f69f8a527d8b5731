import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Codec, Reason } from '../../src/wire/codec.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { NO_LAST_ID, type Frame } from '../../src/wire/frame.js';
import type { WireVectors } from '../vectors/wire/vector.js';
import { decode, isFrameError, Recorder } from '../wire/recorder.js';
import type { Twin } from '../wire/twin.js';
import { byteByByte } from './matcher-contract.js';

// A run is about 500 bytes. With FUZZ_RUNS set there are as many as it says, other ones each time.
const FUZZ_RUNS = process.env.FUZZ_RUNS;
const fuzz = FUZZ_RUNS === undefined ? { numRuns: 500, seed: 54 } : { numRuns: Number(FUZZ_RUNS) };
const KIB = 1024;

const REASONS: readonly Reason[] = [
  'none',
  'protocol',
  'internal',
  'flowControl',
  'streamClosed',
  'frameSize',
  'refused',
  'cancel',
  'backlogFull',
  'calm',
];

const u31 = fc.integer({ min: 0, max: 0x7fff_ffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const none = fc.constant(-1);
const orNone = (numbers: fc.Arbitrary<number>): fc.Arbitrary<number> => fc.oneof(none, numbers);

/** A frame, and how its codec writes it but for the bytes of data. */
interface Written {
  readonly frame: Frame;
  readonly write: (out: Uint8Array, at: number) => number;
}

/** Any frame that the protocol can write, at the edges of every number. */
function writtenBy(codec: Codec): fc.Arbitrary<Written> {
  const { traits, encoder } = codec;
  const kinds: fc.Arbitrary<Written>[] = [];
  function add<T>(values: fc.Arbitrary<T>, frame: (value: T) => Frame, write: (value: T) => Written['write']): void {
    kinds.push(values.map((value) => ({ frame: frame(value), write: write(value) })));
  }
  const id = fc.integer({ min: 1, max: traits.maxId });
  const nothing = new Uint8Array(0);
  add(
    fc.tuple(id, fc.uint8Array({ maxLength: 300 })),
    ([id, bytes]) => ({ kind: 'data', id, bytes }),
    ([id, bytes]) =>
      (out, at) =>
        encoder.dataHeader(out, at, id, bytes.length, false),
  );
  add(
    id,
    (id) => ({ kind: 'end', id }),
    (id) => (out, at) => encoder.end(out, at, id),
  );
  // A type or priority of zero is as good as none: it is left out.
  const inFrame = traits.streamType === 'frame';
  add(
    fc.tuple(id, traits.confirms ? u32 : fc.constant(0), inFrame ? orNone(u32) : none, inFrame ? orNone(u31) : none),
    ([id, credit, type, priority]) => ({
      kind: 'open',
      id,
      credit,
      ...(type > 0 ? { type } : {}),
      ...(priority > 0 ? { priority } : {}),
    }),
    ([id, credit, type, priority]) =>
      (out, at) =>
        encoder.open(out, at, id, credit, type, priority),
  );
  if (traits.confirms)
    add(
      fc.tuple(id, u32),
      ([id, credit]) => ({ kind: 'accept', id, credit }),
      ([id, credit]) =>
        (out, at) =>
          encoder.accept(out, at, id, credit),
    );
  if (traits.reset !== 'none')
    add(
      fc.tuple(
        id,
        traits.reset === 'code' ? fc.constantFrom(...REASONS.map((reason) => codec.codeOf(reason))) : fc.constant(0),
      ),
      ([id, code]) => ({ kind: 'reset', id, code }),
      ([id, code]) =>
        (out, at) =>
          encoder.reset(out, at, id, code),
    );
  if (traits.credit === 'delta')
    add(
      fc.tuple(id, fc.integer({ min: 1, max: traits.maxWindowBytes })),
      ([id, increment]) => ({ kind: 'credit', id, increment }),
      ([id, increment]) =>
        (out, at) =>
          encoder.credit(out, at, id, increment, 0, 0),
    );
  if (traits.credit === 'absolute')
    add(
      fc.tuple(id, u32, u32),
      ([id, consumed, window]) => ({ kind: 'credit', id, increment: 0, consumed, window }),
      ([id, consumed, window]) =>
        (out, at) =>
          encoder.credit(out, at, id, 0, consumed, window),
    );
  const { by } = traits.heartbeat;
  if (by === 'ping' || by === 'signal')
    add(
      by === 'ping' ? u32 : fc.constant(0),
      (value) => ({ kind: 'ping', value }),
      (value) => (out, at) => encoder.ping(out, at, value),
    );
  if (by === 'ping')
    add(
      u32,
      (value) => ({ kind: 'pong', value }),
      (value) => (out, at) => encoder.pong(out, at, value),
    );
  if (traits.goAway !== 'none')
    add(
      fc.tuple(traits.goAway === 'early' ? u31 : fc.constant(NO_LAST_ID), u32),
      ([lastId, code]) => ({ kind: 'goAway', lastId, code, debug: nothing }),
      ([lastId, code]) =>
        (out, at) =>
          encoder.goAway(out, at, lastId, code),
    );
  return fc.oneof(...kinds);
}

const concat = (pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(pieces.flatMap((piece) => [...piece]));

/** Cuts bytes at any places. */
const cut = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
};

/**
 * What every codec must keep: it writes and reads the golden bytes however they are cut, tells nothing of half a frame but data,
 * hands data on as it comes whatever length the peer names, and makes of hostile bytes what `twin` makes of them.
 */
export function codecContract(name: string, codec: Codec, vectors: WireVectors, twin: Twin): void {
  const { traits } = codec;
  const good = [...vectors.both, ...vectors.read];

  describe(`${name} keeps the codec contract`, () => {
    it.each(vectors.both)('writes $name', ({ frames, bytes }) => {
      expect(concat(frames.map((frame) => encodeFrame(codec, frame)))).toEqual(bytes);
    });

    it.each(good)('reads $name, at once, byte by byte and at every split', ({ frames, bytes }) => {
      const told = { frames, isMidFrame: false };
      expect(decode(codec, [bytes])).toEqual(told);
      expect(decode(codec, byteByByte(bytes))).toEqual(told);
      const step = Math.ceil(bytes.length / KIB);
      for (let k = 0; k < bytes.length; k += step)
        expect(decode(codec, [bytes.subarray(0, k), bytes.subarray(k)])).toEqual(told);
    });

    it.each(good)('tells of half of $name only data, and that it is half', ({ bytes }) => {
      const step = Math.ceil(bytes.length / KIB);
      for (let k = 0; k < bytes.length; k += step) {
        const { frames, isMidFrame } = twin(bytes.subarray(0, k));
        expect(decode(codec, [bytes.subarray(0, k)])).toEqual({ frames, isMidFrame });
      }
    });

    it.each(vectors.bad)('refuses $name, at its last byte', ({ bytes, frames }) => {
      for (const pieces of [[bytes], byteByByte(bytes)]) {
        const told = decode(codec, pieces);
        expect(isFrameError(told.error)).toBe(true);
        expect(told.frames).toEqual(frames);
      }
      expect(decode(codec, [bytes.subarray(0, -1)]).error).toBeUndefined();
    });

    it('agrees with its twin on every vector', () => {
      for (const { frames, bytes } of good) expect(twin(bytes)).toEqual({ frames, isMidFrame: false, isBad: false });
      for (const { frames, bytes } of vectors.bad)
        expect(twin(bytes)).toEqual({ frames, isMidFrame: false, isBad: true });
    });

    it('reads what it wrote, and writes nowhere but into the room it said', () => {
      fc.assert(
        fc.property(writtenBy(codec), fc.nat(64), ({ frame, write }, at) => {
          const bytes = encodeFrame(codec, frame);
          const [told, ...pad] = decode(codec, [bytes]).frames;
          expect(told).toEqual(frame);
          // What pads a GoAway is about a stream that cannot be.
          for (const { kind, ...more } of pad)
            expect(kind === 'end' && 'id' in more && more.id > traits.maxId).toBe(true);
          const body = frame.kind === 'data' ? frame.bytes.length : 0;
          expect(bytes.length - body).toBeLessThanOrEqual(traits.maxControlBytes);
          const out = new Uint8Array(at + traits.maxControlBytes + 8).fill(0xaa);
          const end = write(out, at);
          expect([...out.subarray(0, at), ...out.subarray(end)].every((byte) => byte === 0xaa)).toBe(true);
          expect(out.subarray(at, end)).toEqual(bytes.subarray(0, bytes.length - body));
        }),
      );
    });

    it('reads a row of frames however it is cut, beside another decoder', () => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(...good), { maxLength: 12 }),
          fc.array(fc.nat(), { maxLength: 8 }),
          (row, at) => {
            const bytes = concat(row.map((vector) => vector.bytes).filter((each) => each.length < KIB));
            const { frames, isMidFrame, isBad } = twin(bytes);
            fc.pre(!isBad);
            const others = new Recorder();
            const other = codec.decoder(others);
            const one = new Recorder();
            const decoder = codec.decoder(one);
            for (const piece of cut(bytes, at)) {
              decoder.push(piece);
              other.push(piece);
            }
            expect({ frames: one.frames, isMidFrame: decoder.isMidFrame }).toEqual({ frames, isMidFrame });
            expect(others.frames).toEqual(one.frames);
          },
        ),
      );
    });

    it('hands on the longest data as it comes, by view, and makes room for none of it', () => {
      const { header, length } = vectors.longest;
      const wanted = Math.min(length, 4 * KIB * KIB);
      let chunk = concat([header, new Uint8Array(KIB)]);
      const told = { length: 0, bytes: 0, copies: 0 };
      const sink = Object.assign(new Recorder(), {
        onDataHeader: (_id: number, bytes: number) => {
          told.length = bytes;
        },
        onData: (bytes: Uint8Array) => {
          told.bytes += bytes.length;
          if (bytes.buffer !== chunk.buffer) told.copies++;
        },
      });
      const decoder = codec.decoder(sink);
      decoder.push(chunk);
      chunk = new Uint8Array(64 * KIB);
      const before = process.memoryUsage().arrayBuffers;
      while (told.bytes < wanted) {
        expect(decoder.isMidFrame).toBe(true);
        decoder.push(chunk.subarray(0, wanted - told.bytes));
      }
      expect(told).toEqual({ length, bytes: wanted, copies: 0 });
      expect(decoder.isMidFrame).toBe(length > wanted);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * KIB);
    });

    it('session case 54: makes of random bytes and mutated frames what its twin makes, or ends with a frame error', () => {
      const known = [...good, ...vectors.bad].map(({ bytes }) => bytes).filter((bytes) => bytes.length < KIB);
      const header = fc
        .tuple(fc.constantFrom(...known), fc.array(fc.tuple(fc.nat(11), fc.nat(255)), { maxLength: 2 }))
        .map(([bytes, changes]) => {
          const copy = bytes.slice();
          for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
          return copy;
        });
      const noise = fc.uint8Array({ maxLength: 40 });
      const trace = fc
        .array(fc.oneof({ weight: 8, arbitrary: header }, { weight: 1, arbitrary: noise }), { maxLength: 40 })
        .map(concat);
      fc.assert(
        fc.property(trace, fc.array(fc.nat(), { maxLength: 16 }), (bytes, at) => {
          const { frames, isMidFrame, isBad } = twin(bytes);
          const told = decode(codec, cut(bytes, at));
          expect({ ...told, error: undefined }).toEqual({ frames, isMidFrame, error: undefined });
          expect(isFrameError(told.error)).toBe(isBad);
        }),
        fuzz,
      );
    });

    it('has a number for every reason, and the same reason for that number', () => {
      for (const reason of REASONS) {
        const code = codec.codeOf(reason);
        const read = codec.reasonOf(code);
        expect(Number.isInteger(code)).toBe(true);
        if (read !== undefined) expect(codec.codeOf(read)).toBe(code);
      }
      for (let code = 0; code < 32; code++) {
        const reason = codec.reasonOf(code);
        if (reason !== undefined) expect(codec.codeOf(reason)).toBe(code);
      }
      expect(codec.reasonOf(0xffff_fff0)).toBeUndefined();
    });
  });
}
