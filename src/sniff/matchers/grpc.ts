import { HTTP2_FIRST_BYTES } from '../http2-frame.js';
import { http2Request } from '../http2-head.js';
import { http2Prompt } from '../http2-prompt.js';
import type { FirstBytes, Matcher, Prompt } from '../matcher.js';

/** What {@link grpc} learned of the first call. */
export interface GrpcMeta {
  /** `/package.Service/Method`; absent for a client that connected ahead of its first call. */
  readonly path?: string;
  /** `:authority` of the call; absent when there was none, or no call. */
  readonly authority?: string;
  /** `application/grpc`, perhaps with a message format: `application/grpc+proto`; absent like `path`. */
  readonly contentType?: string;
}

/** Options of {@link grpc}. */
export interface GrpcOptions {
  /**
   * Milliseconds of silence after which a client is taken to wait for SETTINGS; 0 to 1000. @defaultValue 5
   */
  readonly settingsAfterMs?: number;
}

// gRPC itself, not gRPC-Web, whose content type begins alike; media types have no case (RFC 9110 §8.3.1).
const GRPC = /^application\/grpc(?:[+;]|$)/i;

/**
 * gRPC by the content type of the first call on an HTTP/2 connection; not gRPC-Web, for which there is `grpcWeb`.
 *
 * Most gRPC clients send no call before they have the server's SETTINGS. A client that has been silent for a moment after
 * its own SETTINGS is therefore sent an empty one, once, and its acknowledgement is taken out of what the server gets.
 *
 * A client that has acknowledged those SETTINGS and still made no call at the deadline counts as gRPC: its channel was opened
 * ahead of the first call, which other HTTP/2 clients do not do.
 *
 * The first call decides for the *connection*. Where one connection carries gRPC and other requests, or where the round
 * trip for SETTINGS is too much, route by preface with `http2()` and split within one HTTP/2 server.
 *
 * @throws {@link UsageError} `ERR_MUX_OPTION` for a `settingsAfterMs` out of range
 * @example
 * ```ts
 * const { rpc, web } = partitionByProtocol(listen({ port: 8080 }), { rpc: grpc(), web: http1() });
 * rpc.subscribe((conn) => console.log(conn.meta.grpc.path));
 * ```
 */
export function grpc({ settingsAfterMs }: GrpcOptions = {}): Matcher<'grpc', GrpcMeta> {
  const prompt = http2Prompt(settingsAfterMs);
  return {
    protocol: 'grpc',
    firstBytes: HTTP2_FIRST_BYTES,
    prompt,
    match(first) {
      const request = http2Request(first);
      if (request === 'more' && first.final && isReady(first, prompt)) return { meta: {} };
      if (typeof request === 'string') return request;
      const { path, authority, headers } = request;
      const [contentType] = headers.values('content-type');
      if (path === undefined || contentType === undefined || !GRPC.test(contentType)) return 'no';
      return { meta: { path, ...(authority === undefined ? {} : { authority }), contentType } };
    },
  };
}

// Has what it waited for, and no request is begun.
function isReady(first: FirstBytes, prompt: Prompt): boolean {
  return prompt.isAnswered(first) && prompt.isAwaited(first.bytes);
}
