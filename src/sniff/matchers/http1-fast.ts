import { UsageError } from '../../errors.js';
import { afterEmptyLines, isToken } from '../http1-head.js';
import { latin1, matchPrefix, type Match, type Matcher } from '../matcher.js';

/** What {@link http1Fast} learned. */
export interface Http1FastMeta {
  /** As sent. */
  readonly method: string;
}

/** Options of {@link http1Fast}. */
export interface Http1FastOptions {
  /** Methods to know beyond the registered ones, case-sensitive. Default none. */
  readonly methods?: readonly string[];
}

// The methods that Node's HTTP server takes, and QUERY, which its older versions lack.
const METHODS = (
  'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY ' +
  'OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK ' +
  'UNLOCK UNSUBSCRIBE'
).split(' ');

const CR = 0x0d;
const LF = 0x0a;

interface KnownMethod {
  readonly bytes: Uint8Array;
  readonly match: Match<Http1FastMeta>;
}

/**
 * HTTP/1 by its method alone: known method, then a space, so it decides within the first few bytes. RTSP, SIP and ICAP
 * have methods in common with HTTP (`OPTIONS`); where they may share the port, use `http1()` or put `rtsp()` first.
 *
 * Empty lines before the method are skipped (RFC 9112 §2.2). `PRI`, the beginning of HTTP/2, is no method.
 *
 * @throws {@link UsageError} `ERR_MUX_OPTION` for a method that is no token (RFC 9110 §5.6.2), or is `PRI`
 * @example
 * ```ts
 * listen({ port: 8080 }).pipe(sniff(http1Fast({ methods: ['BREW'] }), any())).subscribe(serve);
 * ```
 */
export function http1Fast({ methods = [] }: Http1FastOptions = {}): Matcher<'http1', Http1FastMeta> {
  const known = [...METHODS, ...checked(methods)].map((method): KnownMethod => ({
    bytes: latin1(`${method} `),
    match: { meta: Object.freeze({ method }) },
  }));
  const byFirstByte = Array.from({ length: 256 }, (_, byte) => known.filter(({ bytes }) => bytes[0] === byte));
  // Where the line begins, as far as is known.
  const begin = (): { at: number } => ({ at: 0 });
  return {
    protocol: 'http1',
    firstBytes: [CR, LF, ...new Set(known.map(({ bytes }) => bytes[0] as number))],
    match(first) {
      const { bytes } = first;
      const start = first.parser(begin);
      start.at = afterEmptyLines(bytes, start.at);
      const line = bytes.subarray(start.at);
      if (line.length === 0) return 'more';
      let verdict: 'no' | 'more' = 'no';
      for (const method of byFirstByte[line[0] as number] as KnownMethod[]) {
        const compared = matchPrefix(line, method.bytes);
        if (compared === 'match') return method.match;
        if (compared === 'more') verdict = 'more';
      }
      return verdict;
    },
  };
}

function checked(methods: readonly string[]): readonly string[] {
  for (const method of methods) {
    if (!isToken(method) || method === 'PRI') {
      throw new UsageError('ERR_MUX_OPTION', `'${method}' can't be an HTTP method; give tokens: methods: ['BREW']`);
    }
  }
  return methods;
}
