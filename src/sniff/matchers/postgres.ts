import { matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import { unsigned, unsignedWithin } from '../integer-phrases.js';
import type { Matcher } from '../matcher.js';

/** What {@link postgres} tells. */
export type PostgresMeta =
  | {
      /** The client asks for TLS, asks for GSSAPI encryption, or cancels a query of another connection. */
      readonly kind: 'ssl' | 'gssenc' | 'cancel';
    }
  | {
      /** The client logs in, without encryption. */
      readonly kind: 'startup';
      /** `3.0`, or `3.2` from PostgreSQL 18 on. */
      readonly protocolVersion: string;
      /** `user`, and what else the client sets: `database`, `application_name`… Text of a stranger. */
      readonly parameters: Readonly<Record<string, string>>;
    };

/** The four ways in which a PostgreSQL connection can begin. */
export type PostgresKind = PostgresMeta['kind'];

/** Settings of {@link postgres}. */
export interface PostgresOptions {
  /** What to match. @defaultValue all of them */
  readonly kinds?: readonly PostgresKind[];
}

const ALL_KINDS: readonly PostgresKind[] = ['ssl', 'gssenc', 'cancel', 'startup'];
const HEADER_BYTES = 8;
// What the server takes before it knows the user.
const MAX_BYTES = 10_000;
const PROTOCOL_MAJOR = 3;
const REQUEST_MAJOR = 1234;
const REQUESTS = [
  // A process id, and a secret key of 4 bytes, or up to 256 since protocol 3.2.
  { kind: 'cancel', minor: 5678, minLength: 16, maxLength: 268 },
  { kind: 'ssl', minor: 5679, minLength: 8, maxLength: 8 },
  { kind: 'gssenc', minor: 5680, minLength: 8, maxLength: 8 },
] as const;

function* firstMessage(kinds: readonly PostgresKind[]): Grammar<PostgresMeta> {
  const length = yield* unsignedWithin(4, HEADER_BYTES, MAX_BYTES);
  if (length === undefined) return 'no';
  const major = yield* unsignedWithin(2, PROTOCOL_MAJOR, REQUEST_MAJOR);
  if (major === PROTOCOL_MAJOR && kinds.includes('startup')) {
    const protocolVersion = `3.${String(yield* unsigned(2))}`;
    const parameters = yield* parameterList(length - HEADER_BYTES);
    return parameters?.user === undefined ? 'no' : { meta: { kind: 'startup', protocolVersion, parameters } };
  }
  if (major !== REQUEST_MAJOR) return 'no';
  const minor = yield* unsigned(2);
  const request = REQUESTS.find((known) => known.minor === minor && kinds.includes(known.kind));
  if (request === undefined || length < request.minLength || length > request.maxLength) return 'no';
  return { meta: { kind: request.kind } };
}

/** Names and values, each ended by NUL, up to an empty name that is the last byte. */
function* parameterList(bytes: number): Phrase<Readonly<Record<string, string>> | undefined> {
  // Without a prototype: names of a client must not reach its members.
  const parameters = Object.create(null) as Record<string, string>;
  let left = bytes;
  for (;;) {
    const name = yield* textBeforeNul(left, isNameByte);
    if (name === undefined) return undefined;
    left -= name.length + 1;
    if (name.length === 0) return left === 0 ? parameters : undefined;
    const value = yield* textBeforeNul(left, () => true);
    if (value === undefined) return undefined;
    left -= value.length + 1;
    parameters[decode(name)] = decode(value);
  }
}

function* textBeforeNul(most: number, allows: (byte: number) => boolean): Phrase<readonly number[] | undefined> {
  const text: number[] = [];
  while (text.length < most) {
    const byte = yield;
    if (byte === 0) return text;
    if (!allows(byte)) return undefined;
    text.push(byte);
  }
  return undefined;
}

// Kafka's Metadata request begins alike; there the next bytes are a small number instead of text.
function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

function decode(text: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(text));
}

/**
 * Matches a PostgreSQL client by its first message (PostgreSQL documentation, "Message Formats"): 8 bytes where it asks
 * for encryption or cancels, the whole of the start-up message otherwise, 10,000 bytes at most. A client that connects
 * with TLS at once (`sslnegotiation=direct`) is matched by `tls({ alpn: 'postgresql' })`.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(postgres({ kinds: ['startup'] }), any())).subscribe((conn) => {
 *   if (conn.protocol === 'postgres' && conn.meta.postgres.kind === 'startup') log(conn.meta.postgres.parameters.user);
 * });
 * ```
 */
export function postgres({ kinds = ALL_KINDS }: PostgresOptions = {}): Matcher<'postgres', PostgresMeta> {
  return { protocol: 'postgres', firstBytes: [0], match: matchGrammar(() => firstMessage(kinds), MAX_BYTES) };
}
