import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { PassingMap } from '../conn/passing-map.js';
import { checkUpgrader, upgradeServer } from '../net/terminate-web-socket.js';
import type { Sink } from './sink.js';
import { toHttp } from './to-http.js';

/** What is needed of a `WebSocket` of `ws`. */
export interface WebSocketLike {
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Calls back when the connection is closed. */
  once(event: 'close', listener: () => void): unknown;
}

/** What is needed of a `WebSocketServer` of `ws`, made with `{ noServer: true }`. */
export interface WebSocketServerLike {
  /** Answers the handshake, and calls `done` when it was good. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    done: (client: WebSocketLike, request: IncomingMessage) => void,
  ): void;
  /** Announces a client to the listeners of the server. */
  emit(event: 'connection', client: WebSocketLike, request: IncomingMessage): boolean;
}

// RFC 6455 section 7.4.1
const GOING_AWAY = 1001;

/**
 * Hands each connection to a `WebSocketServer` of `ws` (8), made with `{ noServer: true }`. The handshake is read here and
 * decided by `ws`: its `path`, `verifyClient` and `handleProtocols` apply, and it refuses what is no good handshake. A
 * request that asks for no upgrade gets 426. `ws` holds a message until it is whole: set its `maxPayload`, 100 MiB by default, to the longest
 * that you expect.
 *
 * `close` closes every WebSocket with 1001 (going away) and cuts those that have not answered in the grace time. It does
 * not call the server's own `close`.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no such server
 * @example
 * ```ts
 * const server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
 * server.on('connection', (client) => client.send('hello'));
 * websocket$.subscribe(toWebSocket(server));
 * ```
 */
export function toWebSocket(server: WebSocketServerLike): Sink {
  checkUpgrader(server);
  const clients = new PassingMap<WebSocketLike, WebSocketLike>();
  const handshakes = upgradeServer();
  handshakes.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    server.handleUpgrade(request, socket, head, (client) => {
      clients.set(client, client);
      client.once('close', () => clients.delete(client));
      server.emit('connection', client, request);
    });
  });
  const http = toHttp(handshakes);
  return {
    next: (conn) => http.next(conn),
    close: (options) => {
      const closed = http.close(options);
      for (const client of clients.values()) client.close(GOING_AWAY, 'going away');
      return closed;
    },
  };
}
