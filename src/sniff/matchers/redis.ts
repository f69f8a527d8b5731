import { matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import type { Matcher } from '../matcher.js';

/** Settings of {@link redis}. */
export interface RedisOptions {
  /**
   * Whether a plain line such as `PING\r\n` counts too, as health checks and people at a terminal send it: `PING` and `QUIT`;
   * `AUTH`, `ECHO` and `INFO` with an argument; `HELLO` and `SELECT` with a number. So a greeting is none. NATS and IRC clients
   * begin with `PING` as well. @defaultValue false
   */
  readonly inline?: boolean;
}

/** What {@link redis} tells. */
export interface RedisMeta {
  /** The first command's name in upper case; absent when it reaches past the first 32 bytes. */
  readonly command?: string;
}

const MAX_BYTES = 32;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const DEL = 0x7f;
const ARRAY = 0x2a;
const BULK_STRING = 0x24;
// A server takes 1,048,576 elements and 512 MiB in one string.
const COUNT_DIGITS = 7;
const LENGTH_DIGITS = 9;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isPrintable = (byte: number): boolean => byte > SPACE && byte < DEL;
// Plain lines, and what their argument begins with where they need one: without it they are words of everyday language, too.
const INLINE_COMMANDS: ReadonlyMap<string, ((byte: number) => boolean) | undefined> = new Map([
  ['AUTH', isPrintable],
  ['ECHO', isPrintable],
  ['HELLO', isDigit],
  ['INFO', isPrintable],
  ['PING', undefined],
  ['QUIT', undefined],
  ['SELECT', isDigit],
]);
const INLINE_NAMES = [...INLINE_COMMANDS.keys()];
const INLINE_FIRST_BYTES = [...new Set(INLINE_NAMES.flatMap((c) => [c.charCodeAt(0), c.toLowerCase().charCodeAt(0)]))];

function* request(inline: boolean): Grammar<RedisMeta> {
  const first = yield;
  if (first === ARRAY) return yield* array();
  return inline ? yield* line(first) : 'no';
}

/** How many bulk strings, the length of the first of them, and that string, which names the command. */
function* array(): Grammar<RedisMeta> {
  const count = yield* positiveLine(COUNT_DIGITS);
  if (count === undefined || (yield) !== BULK_STRING) return 'no';
  const length = yield* positiveLine(LENGTH_DIGITS);
  if (length === undefined) return 'no';
  if (`*${count}\r\n$${length}\r\n`.length + length > MAX_BYTES) return { meta: {} };
  let command = '';
  while (command.length < length) {
    const byte = yield;
    if (byte <= SPACE || byte >= DEL) return 'no';
    command += String.fromCharCode(byte);
  }
  return { meta: { command: command.toUpperCase() } };
}

/** A number from 1 without leading zeros, and CR LF. */
function* positiveLine(maxDigits: number): Phrase<number | undefined> {
  let value = 0;
  for (let digits = 0; digits <= maxDigits; digits++) {
    const byte = yield;
    if (byte === CR && value > 0) return (yield) === LF ? value : undefined;
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9 || (value === 0 && digit === 0)) return undefined;
    value = value * 10 + digit;
  }
  return undefined;
}

/** A known command, then its argument if it needs one, else a space or the end of the line, which may be LF alone. */
function* line(first: number): Grammar<RedisMeta> {
  let command = '';
  let byte = first;
  for (; !INLINE_COMMANDS.has(command); byte = yield) {
    command += String.fromCharCode(byte).toUpperCase();
    if (!INLINE_NAMES.some((known) => known.startsWith(command))) return 'no';
  }
  const beginsArgument = INLINE_COMMANDS.get(command);
  if (beginsArgument === undefined) {
    if (byte === CR) byte = yield;
    return byte === SPACE || byte === LF ? { meta: { command } } : 'no';
  }
  if (byte !== SPACE) return 'no';
  while (byte === SPACE) byte = yield;
  return beginsArgument(byte) ? { meta: { command } } : 'no';
}

const matchArray = matchGrammar(() => request(false), MAX_BYTES);
const matchArrayOrLine = matchGrammar(() => request(true), MAX_BYTES);

/**
 * Matches a Redis client by its first command, an array of bulk strings (RESP): 32 bytes at most.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(redis(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'redis') console.log(conn.meta.redis.command);   // 'HELLO'
 * });
 * ```
 */
export function redis({ inline = false }: RedisOptions = {}): Matcher<'redis', RedisMeta> {
  return inline
    ? { protocol: 'redis', firstBytes: [ARRAY, ...INLINE_FIRST_BYTES], match: matchArrayOrLine }
    : { protocol: 'redis', firstBytes: [ARRAY], match: matchArray };
}
