import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { asyncScheduler, interval, type SchedulerLike } from 'rxjs';
import { requireWholeNumber } from '../bytes/whole-number.js';
import { drainHttp, notePipelines } from './http-drain.js';
import type { ServerKind } from './served-server.js';
import { serverSink, type Sink } from './sink.js';
import {
  beginHandshake,
  boundHandshakes,
  countHandshake,
  keepHalfOpen,
  isTlsServer,
  showClients,
} from './tls-handshakes.js';

type Server = HttpServer | HttpsServer;

/** Settings of {@link toHttp}. */
export interface ToHttpOptions {
  /**
   * Lets a client that has ended its side (FIN) get the reply to its request. When no byte of it leaves for so many milliseconds, 1 to
   * 2147483647, the connection is destroyed. It holds for all connections of the server, those of its own port too. @defaultValue off: as
   * in Node's own server, the FIN of a client ends its request and its connection
   */
  readonly halfCloseTimeoutMs?: number;
  /** The clock of that time. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

const LONGEST_MS = 2 ** 31 - 1;

const HTTP: ServerKind<Server> = {
  prepare: (server) => prepare(server, false),
  take: (server, stream) => {
    if (isTlsServer(server)) {
      beginHandshake(stream);
      countHandshake(server, stream);
    }
    server.emit('connection', stream);
  },
  drain: drainHttp,
};

function prepare(server: Server, isHalfOpen: boolean): () => void {
  notePipelines();
  const undos = isTlsServer(server)
    ? [boundHandshakes(server), keepHalfOpen(server, isHalfOpen), showClients(server)]
    : [];
  return () => {
    for (const undo of undos) undo();
  };
}

function halfOpen(ms: number, scheduler: SchedulerLike): ServerKind<Server> {
  return {
    ...HTTP,
    prepare: (server) => {
      const { httpAllowHalfOpen } = server as HalfOpenServer;
      Object.assign(server, { httpAllowHalfOpen: true });
      const undo = prepare(server, true);
      const event = isTlsServer(server) ? 'secureConnection' : 'connection';
      const onConnection = (socket: Socket): void => {
        socket.once('end', () => {
          endWhenStill(socket, ms, scheduler);
        });
      };
      server.on(event, onConnection);
      return () => {
        Object.assign(server, { httpAllowHalfOpen });
        server.off(event, onConnection);
        undo();
      };
    },
  };
}

interface HalfOpenServer extends HttpServer {
  readonly httpAllowHalfOpen?: boolean;
}

// Only the bytes that it takes show that the client is still there: after its FIN none come.
function endWhenStill(socket: Socket, ms: number, scheduler: SchedulerLike): void {
  let before = sentBytes(socket);
  const looking = interval(ms, scheduler).subscribe(() => {
    const now = sentBytes(socket);
    if (now === before) socket.destroy();
    before = now;
  });
  socket.once('close', () => {
    looking.unsubscribe();
  });
}

// Only the handle knows how much of a large write has left.
function sentBytes(socket: Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null }): number {
  return socket.bytesWritten - socket.writableLength - (socket._handle?.writeQueueSize ?? 0);
}

/**
 * Hands each connection to a server of `node:http`, or of `node:https` when the connection is still encrypted; so also to
 * express, fastify (`app.server`, after `app.ready()`), hono and whatever else is built on one. The server need not listen.
 *
 * The server's timeouts work, and a socket keeps Node's native parser. `maxConnections` and `getConnections` of the server
 * do not count connections that are handed over. As in a plain server, a client that ends its side has left: its request is aborted, the
 * response emits `'close'`, and the connection is closed. With `halfCloseTimeoutMs` such a client gets its reply, and a handler learns
 * that a client left only when the reply is written, or the time is over.
 *
 * `close` lets requests under way finish. Every response whose head is written after it says `Connection: close`, and its
 * connection ends with it; idle connections end at once. It does not call `server.close()`, which does the same for all sinks of
 * the server.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a value that is no server, a time out of range, and a server that has a sink with other options
 * @example
 * ```ts
 * const web = toHttp(http.createServer(app));
 * http1$.subscribe(web);
 * process.once('SIGTERM', () => web.close({ graceMs: 5000 }));
 * ```
 */
export function toHttp(server: HttpServer | HttpsServer, options: ToHttpOptions = {}): Sink {
  const { halfCloseTimeoutMs, scheduler = asyncScheduler } = options;
  if (halfCloseTimeoutMs === undefined) return serverSink(server, HTTP);
  requireWholeNumber('halfCloseTimeoutMs', halfCloseTimeoutMs, 1, LONGEST_MS);
  return serverSink(server, halfOpen(halfCloseTimeoutMs, scheduler));
}
