import { HTTP2_FIRST_BYTES, HTTP2_PREFACE } from '../http2-frame.js';
import { MATCH, matchPrefix, type Matcher } from '../matcher.js';

/** What {@link http2} learned: nothing beyond the protocol. */
export type Http2Meta = Readonly<Record<string, never>>;

/**
 * HTTP/2 by its preface, all 24 bytes of it (RFC 9113 §3.4): with prior knowledge on a plain connection, or within TLS.
 * Nothing of the client's first request is needed, so no client ever waits for it.
 *
 * @example
 * ```ts
 * listen({ port: 8080 }).pipe(sniff(http2(), http1())).subscribe((conn) => console.log(conn.protocol));
 * ```
 */
export function http2(): Matcher<'http2', Http2Meta> {
  return {
    protocol: 'http2',
    firstBytes: HTTP2_FIRST_BYTES,
    match({ bytes }) {
      const verdict = matchPrefix(bytes, HTTP2_PREFACE);
      return verdict === 'match' ? MATCH : verdict;
    },
  };
}
