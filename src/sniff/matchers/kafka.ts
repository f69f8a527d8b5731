import { matchGrammar, type Grammar } from '../grammar.js';
import { unsigned, unsignedWithin } from '../integer-phrases.js';
import type { Matcher } from '../matcher.js';

/** What {@link kafka} tells. */
export interface KafkaMeta {
  /** The first request: 18 = ApiVersions, 17 = SaslHandshake, 3 = Metadata. */
  readonly apiKey: 3 | 17 | 18;
  /** Version of that request, 0 to 20. */
  readonly apiVersion: number;
  /** The name the client gives itself; absent when it gives none. Text of a stranger. */
  readonly clientId?: string;
}

const METADATA = 3;
const API_KEYS: readonly KafkaMeta['apiKey'][] = [METADATA, 17, 18];
const MAX_API_VERSION = 20;
// Key, version, correlation id and the length of the client id.
const HEADER_BYTES = 10;
const MAX_REQUEST_BYTES = 0xff_ffff;
const NULL_STRING = 0xffff;
const MAX_CLIENT_ID_BYTES = 249;
const MAX_BYTES = 4 + HEADER_BYTES + MAX_CLIENT_ID_BYTES;

function* request(): Grammar<KafkaMeta> {
  const size = yield* unsignedWithin(4, HEADER_BYTES, MAX_REQUEST_BYTES);
  if (size === undefined) return 'no';
  const key = yield* unsignedWithin(2, METADATA, 18);
  const apiKey = API_KEYS.find((known) => known === key);
  if (apiKey === undefined) return 'no';
  const apiVersion = yield* unsignedWithin(2, 0, MAX_API_VERSION);
  if (apiVersion === undefined) return 'no';
  // PostgreSQL's start-up message begins alike; there a parameter's name follows instead of a request's small number.
  if (apiKey === METADATA && isPrintable(yield)) return 'no';
  yield* unsigned(apiKey === METADATA ? 3 : 4);
  const length = yield* unsigned(2);
  if (length === NULL_STRING) return { meta: { apiKey, apiVersion } };
  if (length > Math.min(MAX_CLIENT_ID_BYTES, size - HEADER_BYTES)) return 'no';
  const clientId = new Uint8Array(length);
  for (let i = 0; i < length; i++) clientId[i] = yield;
  return { meta: { apiKey, apiVersion, clientId: new TextDecoder().decode(clientId) } };
}

function isPrintable(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

const match = matchGrammar(request, MAX_BYTES);

/**
 * Matches an Apache Kafka client by the header of its first request: ApiVersions, SaslHandshake or, from old clients,
 * Metadata (Kafka protocol guide, "Request Header"). 14 bytes and the client id decide, 263 bytes at most.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(kafka(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'kafka') console.log(conn.meta.kafka.clientId);
 * });
 * ```
 */
export function kafka(): Matcher<'kafka', KafkaMeta> {
  return { protocol: 'kafka', firstBytes: [0], match };
}
