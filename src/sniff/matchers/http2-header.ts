import { UsageError } from '../../errors.js';
import { fieldValueTest } from '../field-value.js';
import { HTTP2_FIRST_BYTES } from '../http2-frame.js';
import { http2Request, unlessMalformed, type Http2Request } from '../http2-head.js';
import { http2Prompt } from '../http2-prompt.js';
import type { Matcher } from '../matcher.js';

/** What {@link http2Header} learned: the first request of the connection. */
export type Http2HeaderMeta = Http2Request;

/**
 * HTTP/2 with a header field in its first request, decided when that request's header block is complete. The first request
 * decides for the *connection*; others on it may have other fields. Where that matters, route by preface with `http2()`,
 * and by header within one server.
 *
 * A client that waits for the server's SETTINGS before its first request is sent an empty one, see `grpc`.
 *
 * @param name - in any case; the pseudo-header fields too: `':authority'`, `':path'`
 * @param value - a string is compared without regard to case with the whole value and with each of its comma-separated
 *   elements; a RegExp is searched in the whole value; left out, the field need only be there. Any line of the field may match.
 *   `:authority` and `host` are compared in lower case and without a dot at the end of the name
 * @throws {@link UsageError} `ERR_MUX_OPTION` for a name that no field can have (RFC 9113 §8.2)
 * @example
 * ```ts
 * const admin$ = listen({ port: 8080 }).pipe(sniff(http2Header(':authority', /^admin\./), http2()));
 * ```
 */
export function http2Header(name: string, value?: string | RegExp): Matcher<'http2', Http2HeaderMeta> {
  if (!/^:?[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new UsageError('ERR_MUX_OPTION', `'${name}' can't be the name of a header field, for example 'content-type'`);
  }
  const accepts = fieldValueTest(value, name);
  return {
    protocol: 'http2',
    firstBytes: HTTP2_FIRST_BYTES,
    prompt: http2Prompt(),
    match(first) {
      const request = http2Request(first);
      if (typeof request === 'string') return unlessMalformed(request, first);
      return request.headers.values(name).some(accepts) ? { meta: request } : 'no';
    },
  };
}
