import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { announceListening, OpenStreams, streamSink, type Sink } from './sink.js';

const RESPONSE_FINISH = 'http.server.response.finish';

/**
 * Hands each connection to a server of `node:http`, or of `node:https` when the connection is still encrypted; so also to
 * express, fastify (`app.server`, after `app.ready()`), hono and whatever else is built on one. The server need not listen.
 *
 * The server's timeouts work, and a socket keeps Node's native parser. `maxConnections` and `getConnections` of the server
 * do not count what is handed over. Sets `httpAllowHalfOpen`: a client that sends its request and FIN gets the reply, but a
 * handler is not told of a client that left before the reply is written. Set it back to false afterwards to have it the
 * other way round, as in a plain server.
 *
 * `close` lets requests under way finish, answers with `Connection: close` and closes idle connections (those of the
 * server's own port too); it does not call `server.close()`.
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
  announceListening(server);
  Object.assign(server, { httpAllowHalfOpen: true });
  const open = new OpenStreams();
  // Only over https: the stream that holds what is not sent yet is the one inside.
  server.on('secureConnection', (secure: Duplex) => {
    open.add(secure);
  });
  return streamSink(open, {
    take: (stream) => server.emit('connection', stream),
    drain: () => drain(server, open),
  });
}

function drain(server: HttpServer, open: OpenStreams): () => void {
  const closeIdle = (): void => {
    // Node counts a connection as idle as soon as its response is ended, and would cut what is still being sent.
    if (open.all().every((stream) => stream.writableLength === 0)) server.closeIdleConnections();
  };
  const onFinish = (message: unknown): void => {
    if ((message as { readonly server: unknown }).server === server) setImmediate(closeIdle);
  };
  const sayClose = (_request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('Connection', 'close');
  };
  server.prependListener('request', sayClose);
  subscribe(RESPONSE_FINISH, onFinish);
  closeIdle();
  return () => {
    unsubscribe(RESPONSE_FINISH, onFinish);
    server.off('request', sayClose);
  };
}
