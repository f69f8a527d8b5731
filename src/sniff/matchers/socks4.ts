import { matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import type { Matcher } from '../matcher.js';

/** What {@link socks4} tells. */
export interface Socks4Meta {
  /** To open a connection to `host`, or to wait for one from it. */
  readonly command: 'connect' | 'bind';
  /** Where to: an IPv4 address or, from a SOCKS4a client, a name. Text of a stranger. */
  readonly host: string;
  /** Port at `host`, 0 to 65535. */
  readonly port: number;
  /** Who asks, unproven; empty when the client does not say. Text of a stranger. */
  readonly userId: string;
}

const VERSION = 4;
// Neither document bounds its texts; these are the bounds of a DNS name and, by custom, of a user name.
const MAX_TEXT = 255;
const MAX_BYTES = 8 + 2 * (MAX_TEXT + 1);

function* request(): Grammar<Socks4Meta> {
  if ((yield) !== VERSION) return 'no';
  const command = yield;
  if (command !== 1 && command !== 2) return 'no';
  const port = (yield) * 256 + (yield);
  const address = [yield, yield, yield, yield] as const;
  const userId = yield* terminatedText();
  if (userId === undefined) return 'no';
  const [a, b, c, d] = address;
  // 0.0.0.x is nobody's address: SOCKS4a says by it that a name follows.
  const isNamed = a + b + c === 0 && d !== 0;
  const host = isNamed ? yield* terminatedText() : address.join('.');
  if (host === undefined || host === '') return 'no';
  return { meta: { command: command === 1 ? 'connect' : 'bind', host, port, userId } };
}

/** Text up to a NUL; `undefined` at a control character or when it is too long. */
function* terminatedText(): Phrase<string | undefined> {
  let text = '';
  for (let byte = yield; byte !== 0; byte = yield) {
    if (byte < 0x20 || byte === 0x7f || text.length === MAX_TEXT) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

const match = matchGrammar(request, MAX_BYTES);

/**
 * Matches a SOCKS4 or SOCKS4a client by its whole request: 520 bytes at most (Y.-D. Lee, "SOCKS: A protocol for TCP proxy across
 * firewalls" and "SOCKS 4A").
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(socks4(), socks5(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'socks4') console.log(conn.meta.socks4.host, conn.meta.socks4.port);
 * });
 * ```
 */
export function socks4(): Matcher<'socks4', Socks4Meta> {
  return { protocol: 'socks4', firstBytes: [VERSION], match };
}
