import { REQUEST_FIRST_BYTES, requestHead, type Http1Head, type RequestLine } from '../http1-head.js';
import { latin1, matchPrefix, type Matcher } from '../matcher.js';

/** What {@link rtsp} learned: the request line of the first request. */
export type RtspMeta = RequestLine;

const SCHEMES = ['rtsp://', 'rtspu://', 'rtsps://'].map(latin1);
const OPTIONS_ANY = latin1('OPTIONS * ');

/**
 * RTSP 1.0 and 2.0 (RFC 2326 §6.1, RFC 7826 §7.1) by the whole request line: a target that begins with `rtsp://`,
 * `rtspu://` or `rtsps://`, or `OPTIONS *`, and the version.
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
      if (line === 'no' || !mayBeRtsp(bytes, head)) return 'no';
      return line === 'end' ? { meta: head.requestLine(bytes) } : 'more';
    },
  };
}

// Before the version tells, the target does.
function mayBeRtsp(bytes: Uint8Array, { lineStart, targetStart }: Http1Head): boolean {
  if (targetStart === 0 || matchPrefix(bytes.subarray(lineStart), OPTIONS_ANY) !== 'no') return true;
  const target = bytes.subarray(targetStart);
  return SCHEMES.some((scheme) => matchPrefix(target, scheme) !== 'no');
}
