import type { Conn } from '../conn/conn.js';
import type { ConnMeta } from '../conn/meta.js';

/** The addresses and earlier findings a matcher may read of a connection. */
export type Endpoints = Pick<Conn, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort' | 'meta'>;

/**
 * The first bytes of one connection, as far as they have arrived. A matcher looks, it never consumes.
 */
export interface FirstBytes {
  /** All bytes so far, from the very first. Valid during the call only: copy what you keep. */
  readonly bytes: Uint8Array;
  /** True when no more will come: the peer ended, the byte cap or the deadline is reached. */
  readonly final: boolean;
  /** Addresses of the connection, and what earlier stages found. */
  readonly conn: Endpoints;
  /**
   * The parser of this connection made by `create`, made on first use: matchers that pass the same function share one
   * parser, so a head is parsed once however many matchers read it, and parsing resumes where it stopped.
   */
  parser<T>(create: () => T): T;
}

/** A matcher's yes, with what it learned. */
export interface Match<M> {
  /** Becomes `conn.meta[protocol]`. */
  readonly meta: M;
  /** The protocol found, where it is not the matcher's own (`anyOf`). */
  readonly protocol?: string;
}

/**
 * A matcher's answer. `'more'` is allowed only while the bytes so far are still the beginning of a valid flight:
 * say `'no'` at the first impossible byte. On `final` bytes `'more'` says that the matcher cannot decide: that is no match.
 *
 * `'unreadable'` is for a flight of the matcher's protocol whose wanted part can't be read: a name that no host has, a malformed
 * head.
 *
 * Neither is a refusal: the unread part may be there. So `not` makes no match of them, and later matchers do not get the
 * connection (the `undecided` option of `sniff`).
 */
export type Verdict<M> = Match<M> | 'no' | 'more' | 'unreadable';

/** Passes a connection's bytes on but for the answer to a {@link Prompt}; made where the answer is still to come. */
export interface PromptFilter {
  /** True once the answer has been dropped: from here on bytes may go by untouched. */
  readonly done: boolean;
  /** Takes the next bytes and gives those to pass on, in order; may be empty. */
  push(chunk: Uint8Array): Uint8Array;
  /** At the end of the connection: bytes held back so far. */
  flush(): Uint8Array;
}

/**
 * Bytes that a client may be waiting for before it goes on (an HTTP/2 client that wants SETTINGS), how to see that it
 * waits, and its answer, which is cut out of the replayed bytes since the real server never asked for it.
 */
export interface Prompt {
  /** How long no byte may arrive, in milliseconds, before `bytes` is written; it is written once at most. */
  readonly afterMs: number;
  /** What is written to the client. */
  readonly bytes: Uint8Array;
  /** True when the first bytes show a client that waits. */
  isAwaited(bytes: Uint8Array): boolean;
  /** True once the answer has arrived whole. Asked with each chunk until then: keep in a `parser` how far the bytes were searched. */
  isAnswered(first: FirstBytes): boolean;
  /** What takes the answer out of the connection's bytes, from the first on. */
  filter(): PromptFilter;
}

/**
 * A pure, synchronous test over a connection's first bytes.
 *
 * @typeParam P - the literal name of the protocol; becomes `conn.protocol`
 * @typeParam M - what a match tells; becomes `conn.meta[protocol]`
 * @example
 * ```ts
 * const bittorrent: Matcher<'bittorrent', object> = {
 *   protocol: 'bittorrent',
 *   firstBytes: [19],
 *   match: ({ bytes }) => {
 *     const opening = '\x13BitTorrent protocol';
 *     const seen = String.fromCharCode(...bytes.subarray(0, opening.length));
 *     if (seen === opening) return { meta: {} };
 *     return opening.startsWith(seen) ? 'more' : 'no';
 *   },
 * };
 * ```
 */
export interface Matcher<P extends string = string, M = unknown> {
  /** Name of the protocol; becomes `conn.protocol`. */
  readonly protocol: P;
  /** Every byte that a flight of this protocol can begin with; absent = any. Lets `sniff` rule it out by one look. */
  readonly firstBytes?: readonly number[];
  /** True when it can answer before any byte has arrived (`any`, `remoteIp`). */
  readonly zeroRead?: boolean;
  /** Matches a client that has sent nothing for this many milliseconds (`serverFirst`). */
  readonly silentAfterMs?: number;
  /** What to write to a client that waits for it. */
  readonly prompt?: Prompt;
  /**
   * What to answer a client of this protocol whose flight is undecided at the byte cap; `undefined` when it is another's.
   * The connection is closed after the answer.
   */
  readonly tooLong?: (first: FirstBytes) => Uint8Array | undefined;
  /** Judges the bytes so far; called again as more arrive, until the answer is not `'more'`. One that throws counts as `'no'`. */
  match(first: FirstBytes): Verdict<M>;
}

/** Whether `value` can be asked as a {@link Matcher}. */
export const isMatcher = (value: unknown): value is Matcher =>
  typeof value === 'object' && typeof (value as Partial<Matcher> | null)?.match === 'function';

/** The Conn type that a matcher (or a union of matchers) gives. */
export type Matched<T> = T extends Matcher<infer P, infer M> ? Conn<P, ConnMeta & Readonly<Record<P, M>>> : never;

/** Protocol names of a union of matchers. */
export type ProtocolOf<T> = T extends Matcher<infer P> ? P : never;

/** A match that tells nothing beyond its name. */
export const MATCH: Match<Readonly<Record<string, never>>> = { meta: Object.freeze({}) };

/** Compares the bytes so far with a signature: at the first difference `'no'`, at its end {@link MATCH}. */
export function matchPrefix(bytes: Uint8Array, signature: Uint8Array): 'no' | 'more' | 'match' {
  const shared = Math.min(bytes.length, signature.length);
  for (let i = 0; i < shared; i++) if (bytes[i] !== signature[i]) return 'no';
  return shared === signature.length ? 'match' : 'more';
}

/** The bytes of a signature written as Latin-1 text. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
