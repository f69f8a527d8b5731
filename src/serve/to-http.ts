import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { drainHttp, notePipelines } from './http-drain.js';
import type { ServerKind } from './served-server.js';
import { serverSink, type Sink } from './sink.js';
import { beginHandshake, keepHalfOpen, isTlsServer, showClients } from './tls-handshakes.js';

const HTTP: ServerKind<HttpServer | HttpsServer> = {
  prepare: (server) => {
    const { httpAllowHalfOpen } = server as HalfOpenServer;
    Object.assign(server, { httpAllowHalfOpen: true });
    notePipelines();
    const undoTls = isTlsServer(server) ? [keepHalfOpen(server, true), showClients(server)] : [];
    return () => {
      Object.assign(server, { httpAllowHalfOpen });
      for (const undo of undoTls) undo();
    };
  },
  take: (server, stream) => {
    if (isTlsServer(server)) beginHandshake(stream);
    server.emit('connection', stream);
  },
  drain: drainHttp,
};

interface HalfOpenServer extends HttpServer {
  readonly httpAllowHalfOpen?: boolean;
}

/**
 * Hands each connection to a server of `node:http`, or of `node:https` when the connection is still encrypted; so also to
 * express, fastify (`app.server`, after `app.ready()`), hono and whatever else is built on one. The server need not listen.
 *
 * The server's timeouts work, and a socket keeps Node's native parser. `maxConnections` and `getConnections` of the server
 * do not count what is handed over. Sets `httpAllowHalfOpen`: a client that sends its request and FIN gets the reply, but a
 * handler is not told of a client that left before the reply is written. Set it back to false afterwards to have it the
 * other way round, as in a plain server.
 *
 * `close` lets requests under way finish. Every response whose head is written after it says `Connection: close`, and its
 * connection ends with it; idle connections end at once. It does not call `server.close()`, which does the same for all sinks of
 * the server.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no server
 * @example
 * ```ts
 * const web = toHttp(http.createServer(app));
 * http1$.subscribe(web);
 * process.once('SIGTERM', () => web.close({ graceMs: 5000 }));
 * ```
 */
export function toHttp(server: HttpServer | HttpsServer): Sink {
  return serverSink(server, HTTP);
}
