import type { Http2SecureServer, Http2Server } from 'node:http2';
import { http2Kind } from './http2-sessions.js';
import type { ProbeOptions } from './living-sessions.js';
import { serverSink, type Sink } from './sink.js';

/**
 * Hands each connection to a server of `node:http2`: to one of `createServer()` when it is in the clear (h2c) or comes from
 * inside `terminateTls`, with or without ALPN; to one of `createSecureServer()` when it is still encrypted. The server need
 * not listen. As in Node's own server, the client's FIN is the end of its session; what was answered at once still arrives.
 *
 * Each session is sent a PING every `probeMs`, a minute unless set, and a session that sends no byte until the next is destroyed. Before
 * its first request it has 5 s for that.
 *
 * `close` lets open requests finish: every session that came through the sink sends GOAWAY and takes no new ones.
 * `server.close()` does so to those of all sinks of the server, which Node's own does not.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a value that is no server, a time out of range, and a server that has a sink with other options
 * @example
 * ```ts
 * const server = http2.createServer((req, res) => res.end('hello'));
 * http2$.subscribe(toHttp2(server));
 * ```
 */
export function toHttp2(server: Http2Server | Http2SecureServer, options?: ProbeOptions): Sink {
  return serverSink(server, http2Kind(options));
}
