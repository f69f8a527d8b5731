import { matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import { unsigned, unsignedWithin } from '../integer-phrases.js';
import type { Matcher } from '../matcher.js';

/** What {@link dns} tells of the first query. */
export interface DnsMeta {
  /**
   * The domain asked for, lower-case, without a dot at its end; `.` is the root. Bytes that are no plain text, and dots
   * within a label, are escaped (`\007`, `\.`) as in a zone file.
   */
  readonly name: string;
  /** The type of record asked for: 1 = A, 28 = AAAA, 252 = AXFR. */
  readonly type: number;
}

const HEADER_BYTES = 12;
// The root's name, and type and class.
const SHORTEST = HEADER_BYTES + 5;
// Queries have a few hundred bytes. From 0x0500 on the length would look like the greeting of SOCKS5, which can be as
// short as three bytes and so has to be told apart by the first.
const LONGEST = 0x04ff;
const RESPONSE_RESERVED_OR_RCODE = 0x804f;
// Query, notify, update.
const OPCODES: readonly number[] = [0, 4, 5];
// Internet, Chaos, Hesiod; none (updates), any.
const CLASSES: readonly number[] = [1, 3, 4, 254, 255];
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
// Root name, type, class, TTL and length of a record without data.
const SHORTEST_RECORD = 11;
const MAX_BYTES = 2 + HEADER_BYTES + MAX_NAME_BYTES + 4;

function* query(): Grammar<DnsMeta> {
  const length = yield* unsignedWithin(2, SHORTEST, LONGEST);
  if (length === undefined) return 'no';
  yield* unsigned(2); // id
  const flags = yield* unsigned(2);
  if ((flags & RESPONSE_RESERVED_OR_RCODE) !== 0 || !OPCODES.includes((flags >>> 11) & 0xf)) return 'no';
  const questions = yield* unsignedWithin(2, 1, 1);
  if (questions === undefined) return 'no';
  const answers = yield* unsignedWithin(2, 0, 0);
  if (answers === undefined) return 'no';
  const records = (yield* unsigned(2)) + (yield* unsigned(2));
  const name = yield* domainName();
  if (name === undefined) return 'no';
  const type = yield* unsigned(2);
  if (!CLASSES.includes(yield* unsigned(2))) return 'no';
  const left = length - HEADER_BYTES - name.bytes - 4;
  if (records === 0 ? left !== 0 : left < records * SHORTEST_RECORD) return 'no';
  return { meta: { name: name.text, type } };
}

/** Labels up to the empty one of the root. The first name of a message can't be compressed. */
function* domainName(): Phrase<{ readonly text: string; readonly bytes: number } | undefined> {
  const labels: string[] = [];
  let bytes = 1;
  for (let length = yield; length > 0; length = yield) {
    bytes += 1 + length;
    if (length > MAX_LABEL_BYTES || bytes > MAX_NAME_BYTES) return undefined;
    let label = '';
    for (let i = 0; i < length; i++) label += presentation(yield);
    labels.push(label);
  }
  return { text: labels.join('.') || '.', bytes };
}

/** A byte of a label as zone files write it (RFC 1035 §5.1). */
function presentation(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '.' || character === '\\') return `\\${character}`;
  if (byte <= 0x20 || byte >= 0x7f) return `\\${String(byte).padStart(3, '0')}`;
  return character.toLowerCase();
}

const match = matchGrammar(query, MAX_BYTES);

/**
 * Matches a DNS client over TCP by its first message, a query, notify or update (RFC 1035 §4.1, §4.2.2): 273 bytes at
 * most. More queries may follow in the same chunk (RFC 7766 §6.2.1). Messages longer than 1279 bytes are refused.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(dns(), tls())).subscribe((conn) => {
 *   if (conn.protocol === 'dns') console.log(conn.meta.dns.name);   // 'example.com'
 * });
 * ```
 */
export function dns(): Matcher<'dns', DnsMeta> {
  return { protocol: 'dns', firstBytes: [0, 1, 2, 3, 4], match };
}
