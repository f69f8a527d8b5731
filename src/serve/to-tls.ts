import type { Server, TLSSocket } from 'node:tls';
import type { ServerKind } from './served-server.js';
import { serverSink, type Sink } from './sink.js';
import { beginHandshake, boundHandshakes, countHandshake, keepHalfOpen, showClients } from './tls-handshakes.js';

const TLS: ServerKind<Server> = {
  prepare: (server) => {
    server.on('tlsClientError', destroyClient);
    // As it would be on the server's own port: a program that does not expect half-open sockets leaves them open for ever.
    const { allowHalfOpen = false } = server as Server & { readonly allowHalfOpen?: boolean };
    const undos = [boundHandshakes(server), keepHalfOpen(server, allowHalfOpen), showClients(server)];
    return () => {
      server.off('tlsClientError', destroyClient);
      for (const undo of undos) undo();
    };
  },
  take: (server, stream) => {
    beginHandshake(stream);
    countHandshake(server, stream);
    server.emit('connection', stream);
  },
};

// At the handshake deadline Node emits the error but leaves the socket open.
function destroyClient(_error: Error, socket: TLSSocket): void {
  socket.destroy();
}

/**
 * Hands each connection, still encrypted, to a server of `node:tls`, which need not listen. The server's certificates, SNI,
 * ALPN and `handshakeTimeout` apply; a connection whose handshake fails, or is not done in time, is closed, and so is the oldest of more than
 * 1024 handshakes under way.
 *
 * For `node:https` prefer `toHttp`, and `terminateTls` to sniff the decrypted bytes again. `close` waits for the
 * connections to end by themselves: what they carry is the program's.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no server
 * @example
 * ```ts
 * tls$.subscribe(toTls(tls.createServer({ key, cert }, (socket) => socket.end('hello'))));
 * ```
 */
export function toTls(server: Server): Sink {
  return serverSink(server, TLS);
}
