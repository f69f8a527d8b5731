import { literal, matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import { unsigned, unsignedWithin } from '../integer-phrases.js';
import type { Matcher } from '../matcher.js';

/** What {@link thrift} tells. */
export interface ThriftMeta {
  /** `framed`: a length before each message; `header`: THeader, frames that have headers; `unframed`: neither. */
  readonly transport: 'framed' | 'unframed' | 'header';
  /** How messages are written: the binary or the compact protocol. */
  readonly encoding: 'binary' | 'compact';
}

const BINARY = 0x80;
const BINARY_VERSION_1 = '\x01\x00';
// Call, reply, exception, one-way call.
const BINARY_TYPES = { min: 1, max: 4 };
const COMPACT = 0x82;
// Version 1 in the low five bits below the type: call, one-way call.
const COMPACT_CALLS: readonly number[] = [0x21, 0x81];
const MAX_NAME_BYTES = 255;
const MAX_VARINT_BYTES = 5;
// A compact message with a name of one letter and no argument.
const SHORTEST_FRAME = 6;
const LONGEST_FRAME = 0xff_ffff;
const HEADER_MAGIC_FIRST = 0x0f;
// Magic, flags, sequence id and the size of the headers, which is in words.
const HEADER_FIXED_BYTES = 10;
const WORD_BYTES = 4;
const HEADER_ENCODINGS = new Map<number, ThriftMeta['encoding']>([
  [0, 'binary'],
  [2, 'compact'],
]);
const MAX_BYTES = 15;

function* firstMessage(): Grammar<ThriftMeta> {
  const first = yield;
  // Frames are shorter than 16 MiB, so that the first byte of their length is 0.
  if (first !== 0) return matchOf('unframed', yield* call(first));
  const frame = yield* unsignedWithin(3, SHORTEST_FRAME, LONGEST_FRAME);
  if (frame === undefined) return 'no';
  const next = yield;
  if (next === HEADER_MAGIC_FIRST) return matchOf('header', yield* headerEncoding(frame));
  return matchOf('framed', yield* call(next));
}

function matchOf(
  transport: ThriftMeta['transport'],
  encoding: ThriftMeta['encoding'] | undefined,
): { readonly meta: ThriftMeta } | 'no' {
  return encoding === undefined ? 'no' : { meta: { transport, encoding } };
}

function* call(first: number): Phrase<ThriftMeta['encoding'] | undefined> {
  if (first === BINARY) return (yield* restOfBinaryCall()) ? 'binary' : undefined;
  if (first === COMPACT) return (yield* restOfCompactCall()) ? 'compact' : undefined;
  return undefined;
}

/** Up to the length of the method's name, without which a SET of memcached's binary protocol looks the same. */
function* restOfBinaryCall(): Phrase<boolean> {
  if (!(yield* literal(BINARY_VERSION_1))) return false;
  const type = yield* unsignedWithin(1, BINARY_TYPES.min, BINARY_TYPES.max);
  if (type === undefined) return false;
  return (yield* unsignedWithin(4, 1, MAX_NAME_BYTES)) !== undefined;
}

/** Up to the length of the method's name; before it the sequence id, a varint. */
function* restOfCompactCall(): Phrase<boolean> {
  if (!COMPACT_CALLS.includes(yield)) return false;
  for (let read = 1; (yield) >= 0x80; read++) if (read === MAX_VARINT_BYTES) return false;
  return (yield) > 0;
}

/** The encoding is the first thing in the headers. */
function* headerEncoding(frame: number): Phrase<ThriftMeta['encoding'] | undefined> {
  if ((yield) !== 0xff) return undefined;
  yield* unsigned(6); // flags, sequence id
  const words = yield* unsignedWithin(2, 1, Math.floor((frame - HEADER_FIXED_BYTES) / WORD_BYTES));
  return words === undefined ? undefined : HEADER_ENCODINGS.get(yield);
}

const match = matchGrammar(firstMessage, MAX_BYTES);

/**
 * Matches an Apache Thrift client by the beginning of its first call: strict binary or compact protocol, framed or not,
 * or in the THeader transport (Thrift specification: binary protocol, compact protocol, header format). 15 bytes at
 * most.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(thrift(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'thrift') console.log(conn.meta.thrift.encoding);
 * });
 * ```
 */
export function thrift(): Matcher<'thrift', ThriftMeta> {
  return { protocol: 'thrift', firstBytes: [0, BINARY, COMPACT], match };
}
