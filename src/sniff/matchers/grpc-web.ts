import type { HeaderFields } from '../header-fields.js';
import { REQUEST_FIRST_BYTES, requestHead } from '../http1-head.js';
import { http1TooLong } from '../http1-too-long.js';
import { http2Request } from '../http2-head.js';
import { http2Prompt } from '../http2-prompt.js';
import type { FirstBytes, Matcher } from '../matcher.js';

/** What {@link grpcWeb} learned of the first call. */
export interface GrpcWebMeta {
  /** As sent: `/package.Service/Method`. */
  readonly path: string;
  /** Such as `application/grpc-web+proto` or `application/grpc-web-text`; absent from a preflight. */
  readonly contentType?: string;
  /** The version of HTTP that carries it. */
  readonly http: 1 | 2;
}

interface Request {
  readonly http: 1 | 2;
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderFields;
}

// Both formats, binary and `grpc-web-text`; media types have no case (RFC 9110 §8.3.1).
const GRPC_WEB = /^application\/grpc-web/i;

/**
 * gRPC-Web over HTTP/1 or HTTP/2: by the content type of the first call, or by the preflight that browsers send before a call
 * to another origin, `OPTIONS` with `x-grpc-web` among the `access-control-request-headers`. Decides at the end of the head.
 *
 * The first request decides for the *connection*, and browsers use one connection for calls and for pages alike. So this
 * tells where a connection began, and its server should serve the rest of the origin too.
 *
 * @example
 * ```ts
 * const { rpc, web } = partitionByProtocol(listen({ port: 8080 }), { rpc: grpcWeb(), web: http1() });
 * rpc.subscribe((conn) => console.log(conn.meta.grpcWeb.path));
 * ```
 */
export function grpcWeb(): Matcher<'grpcWeb', GrpcWebMeta> {
  return {
    protocol: 'grpcWeb',
    firstBytes: REQUEST_FIRST_BYTES,
    tooLong: http1TooLong,
    prompt: http2Prompt(),
    match(first) {
      const request = firstRequest(first);
      if (typeof request === 'string') return request;
      const { http, method, path, headers } = request;
      const [contentType] = headers.values('content-type');
      if (contentType !== undefined && GRPC_WEB.test(contentType)) return { meta: { path, contentType, http } };
      return method === 'OPTIONS' && asksForGrpcWeb(headers) ? { meta: { path, http } } : 'no';
    },
  };
}

function firstRequest(first: FirstBytes): Request | 'no' | 'more' {
  const request = http2Request(first);
  if (typeof request === 'object') {
    const { method, path = '', headers } = request;
    return { http: 2, method, path, headers };
  }
  // `P` and `PR` may still become either.
  if (request === 'more') return 'more';
  const head = first.parser(requestHead);
  const reading = head.readFields(first.bytes);
  if (reading !== 'end') return reading;
  const { method, target } = head.requestLine(first.bytes);
  return { http: 1, method, path: target, headers: head.fields(first.bytes, head.fieldCount) };
}

function asksForGrpcWeb(headers: HeaderFields): boolean {
  return headers.list('access-control-request-headers').some((name) => name.toLowerCase() === 'x-grpc-web');
}
