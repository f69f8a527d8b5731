import { REQUEST_FIRST_BYTES, requestHead, type RequestLine } from '../http1-head.js';
import { latin1, matchPrefix, type Matcher } from '../matcher.js';

/** What {@link rtsp} learned: the request line of the first request. */
export type RtspMeta = RequestLine;

const TARGETS = ['rtsp://', 'rtspu://', 'rtsps://'].map(latin1);
const OPTIONS_ANY = latin1('OPTIONS * ');

/**
 * RTSP 1.0 and 2.0 (RFC 2326 §6.1, RFC 7826 §7.1) by the whole request line: a target that begins with `rtsp://`, `rtspu://`
 * or `rtsps://`, or `OPTIONS *`, and the version. At most 8 KiB.
 *
 * HTTP shares its methods, and `OPTIONS * HTTP/1.1` differs in the version alone: put this before `http1Fast()`.
 *
 * @example
 * ```ts
 * listen({ port: 554 }).pipe(sniff(rtsp(), http1())).subscribe((conn) => console.log(conn.protocol));
 * ```
 */
export function rtsp(): Matcher<'rtsp', RtspMeta> {
  return {
    protocol: 'rtsp',
    firstBytes: REQUEST_FIRST_BYTES,
    match(first) {
      const { bytes } = first;
      const head = first.parser(requestHead);
      const line = head.readLine(bytes, 'RTSP');
      if (line === 'no' || head.targetStart === 0) return line;
      const target = bytes.subarray(head.targetStart);
      const isKnown =
        TARGETS.some((beginning) => matchPrefix(target, beginning) !== 'no') ||
        matchPrefix(bytes.subarray(head.lineStart), OPTIONS_ANY) !== 'no';
      if (!isKnown) return 'no';
      return line === 'end' ? { meta: head.requestLine(bytes) } : 'more';
    },
  };
}
