import { REQUEST_FIRST_BYTES, requestHead, type RequestLine } from '../http1-head.js';
import { http1TooLong } from '../http1-too-long.js';
import type { Matcher } from '../matcher.js';

/** What {@link http1} learned: the request line of the first request. */
export type Http1Meta = RequestLine;

/**
 * HTTP/1 by its whole request line, `method SP target SP HTTP/1.x CR LF` (RFC 9112 §3), with any method. RTSP and SIP
 * end their line otherwise, HTTP/0.9 has no version, and `PRI` belongs to HTTP/2: none of them matches.
 *
 * Decides at the end of the line. A client whose line does not end within `maxBytes` of the sniffer is answered 414.
 *
 * @example
 * ```ts
 * listen({ port: 8080 }).pipe(sniff(http1(), ssh())).subscribe((conn) => {
 *   if (conn.protocol === 'http1') console.log(conn.meta.http1.method, conn.meta.http1.target);
 * });
 * ```
 */
export function http1(): Matcher<'http1', Http1Meta> {
  return {
    protocol: 'http1',
    firstBytes: REQUEST_FIRST_BYTES,
    tooLong: http1TooLong,
    match(first) {
      const head = first.parser(requestHead);
      const line = head.readLine(first.bytes, 'HTTP');
      return line === 'end' ? { meta: head.requestLine(first.bytes) } : line;
    },
  };
}
