import { matchGrammar, type Grammar } from '../grammar.js';
import type { Matcher } from '../matcher.js';

/** What {@link socks5} tells. */
export interface Socks5Meta {
  /** Authentication methods offered, in the client's order: 0 = none, 1 = GSSAPI, 2 = user name and password. */
  readonly methods: readonly number[];
}

const VERSION = 5;
const NO_ACCEPTABLE_METHODS = 0xff;
// Version, count and 255 methods.
const MAX_BYTES = 257;

function* greeting(): Grammar<Socks5Meta> {
  if ((yield) !== VERSION) return 'no';
  const count = yield;
  if (count === 0) return 'no';
  const methods: number[] = [];
  while (methods.length < count) {
    const method = yield;
    if (method === NO_ACCEPTABLE_METHODS) return 'no';
    methods.push(method);
  }
  return { meta: { methods } };
}

const match = matchGrammar(greeting, MAX_BYTES);

/**
 * Matches a SOCKS5 client by its greeting, the list of authentication methods: 257 bytes at most (RFC 1928 §3).
 *
 * @example
 * ```ts
 * const { proxy, web } = partitionByProtocol(conns$, { proxy: socks5(), web: http1() });
 * proxy.subscribe(proxyTo({ port: 1080 }));
 * ```
 */
export function socks5(): Matcher<'socks5', Socks5Meta> {
  return { protocol: 'socks5', firstBytes: [VERSION], match };
}
