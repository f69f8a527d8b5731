import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { defer, finalize, mergeMap, Observable, type OperatorFunction } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { PassingMap } from '../conn/passing-map.js';
import { fromWebSocket, type FromWebSocketOptions } from '../conn/web-socket-conn.js';
import type { WebSocketTransport } from '../conn/web-socket-transport.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { UsageError } from '../errors.js';
import { announceListening } from './announce-listening.js';

/** What is needed of a `WebSocketServer` of `ws`, made with `{ noServer: true }`, to make connections of its WebSockets. */
export interface WebSocketUpgrader {
  /** Answers the handshake, and calls `done` when it was good. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    done: (client: WebSocketTransport) => void,
  ): void;
}

/** Settings of {@link terminateWebSocket}. */
export type TerminateWebSocketOptions = Pick<FromWebSocketOptions, 'maxMessageBytes'>;

/** @throws UsageError `ERR_MUX_OPTION` for what answers no handshake, such as the options of a server */
export function checkUpgrader(server: Partial<Record<'handleUpgrade', unknown>> | null | undefined): void {
  if (typeof server?.handleUpgrade === 'function') return;
  throw new UsageError('ERR_MUX_OPTION', 'WebSockets need a WebSocketServer of ws, made with { noServer: true }');
}

// As for TLS. Node checks its deadlines only from time to time: it could pass one of 60 s by 30 s.
const HEAD_TIMEOUT_MS = 10_000;
const LOOK_MS = 1000;

/** A server that never listens, for the handshakes of WebSockets: a request without an upgrade gets 426, and half a head has 10 s. */
export function upgradeServer(): Server {
  const limits = { headersTimeout: HEAD_TIMEOUT_MS, connectionsCheckingInterval: LOOK_MS };
  return createServer(limits, (_request, response) => {
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'close, Upgrade', 'Content-Type': 'text/plain' });
    response.end('Only WebSocket is served here.\n');
  });
}

/**
 * A stage: does the WebSocket handshake with each connection and emits the connection inside, ready to carry a session or to be
 * sniffed again. Addresses and earlier `meta` are carried over.
 *
 * `ws` decides the handshake: its `path`, `verifyClient` and `handleProtocols` apply. Any page may open a WebSocket to any
 * server, so check `origin` with `verifyClient` where cookies mean something. `ws` holds a message until it is whole: more than 1 MiB
 * closes the connection (1009), unless the server has a `maxPayload` of its own. Conns of this package send `maxMessageBytes`, 64 KiB unless set,
 * at most.
 *
 * A connection without a good handshake is answered 400 or 426, or closed after 10 seconds. Completes with the source once no
 * handshake is under way. Unsubscribing destroys the connections in handshake; those emitted live on.
 *
 * @param server - a `WebSocketServer` of `ws` (8), made with `{ noServer: true }`
 * @throws UsageError `ERR_MUX_OPTION` for what is no such server
 * @example
 * ```ts
 * const { mux, browsers } = partitionByProtocol(conns$, { mux: yamux(), browsers: websocket({ path: '/mux' }) });
 * merge(mux, browsers.pipe(terminateWebSocket(new WebSocketServer({ noServer: true })))).pipe(acceptSessions({ codec: yamux() }));
 * ```
 */
export function terminateWebSocket(
  server: WebSocketUpgrader,
  options: TerminateWebSocketOptions = {},
): OperatorFunction<Conn, Conn> {
  checkUpgrader(server);
  checkWholeNumber('maxMessageBytes', options.maxMessageBytes, 1);
  return (source) =>
    defer(() => {
      const handshakes = new Handshakes(server, options);
      return source.pipe(
        mergeMap((conn) => handshakes.begin(conn)),
        finalize(() => {
          handshakes.end();
        }),
      );
    });
}

/** The handshakes under way of one subscription, at a server of `node:http` that never listens. */
class Handshakes {
  readonly #http: Server;
  readonly #underWay = new PassingMap<Duplex, (client: WebSocketTransport) => void>();
  readonly #stopDeadlines: () => void;
  readonly #options: TerminateWebSocketOptions;

  constructor(server: WebSocketUpgrader, options: TerminateWebSocketOptions) {
    this.#options = options;
    this.#http = upgradeServer();
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      server.handleUpgrade(request, socket, head, (client) => this.#underWay.get(socket)?.(client));
    });
    this.#stopDeadlines = announceListening(this.#http);
  }

  begin(conn: Conn): Observable<Conn> {
    const handshakes = this.#underWay;
    return new Observable<Conn>((subscriber) => {
      const raw = conn.duplex();
      const failed = (): void => {
        subscriber.complete();
      };
      handshakes.set(raw, (client) => {
        handshakes.delete(raw);
        const inner = fromWebSocket(client, { ...this.#options, over: conn, sendBufferBytes: conn._sendBufferBytes });
        inner._know(conn.meta);
        subscriber.next(inner);
        subscriber.complete();
      });
      subscriber.add(() => {
        raw.off('close', failed);
        if (handshakes.delete(raw)) raw.destroy();
      });
      raw.once('close', failed);
      // Gone since it was emitted; its error may be on the way still, and its 'close' with it.
      if (raw.destroyed) raw.on('error', () => undefined);
      else this.#http.emit('connection', raw);
    });
  }

  end(): void {
    this.#stopDeadlines();
  }
}
