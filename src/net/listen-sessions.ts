import { asyncScheduler, identity, Observable, pipe, type OperatorFunction } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { UsageError } from '../errors.js';
import { acceptSessions } from '../session/accept-sessions.js';
import type { SessionOptions } from '../session/options.js';
import type { Session } from '../session/session.js';
import { settle } from '../session/settings.js';
import { sniff } from '../sniff/sniff.js';
import type { Codec } from '../wire/codec.js';
import type { AcceptFailure } from './accept-errors.js';
import { listen, type ListenAddress, type Listener } from './listen.js';
import { sessionPlace } from './session-url.js';
import type { TerminateTlsOptions } from './terminate-tls.js';
import { terminateWebSocket, type WebSocketUpgrader } from './terminate-web-socket.js';

/** Settings of {@link listenSessions}. */
export interface ListenSessionsOptions extends Omit<SessionOptions, 'codec' | 'role'> {
  /** The wire protocol, or several: then the first bytes of each connection tell which. */
  readonly codec: Codec | readonly Codec[];
  /** For `tls:` and `wss:`: certificate and key, and other options of `terminateTls`. */
  readonly tls?: TerminateTlsOptions;
  /** For `ws:` and `wss:`: a `WebSocketServer` of `ws`, made with `{ noServer: true }`. */
  readonly webSocketServer?: WebSocketUpgrader;
}

/**
 * A bound port as an Observable of sessions; made by {@link listenSessions}. Cold: subscribing binds, unsubscribing closes the port
 * and leaves every session it emitted open. Errors as `listen` does when it can't bind, never because of a connection.
 */
export class SessionListener extends Observable<Session> {
  /** Emits the address once bound, to late subscribers too; never completes, never errors. */
  readonly address$: Observable<ListenAddress>;
  /** Failures to accept, with pauses between them. Hot; never ends. */
  readonly errors$: Observable<AcceptFailure>;

  /** @internal */
  constructor(listener: Listener, stages: OperatorFunction<Conn, Session>) {
    const sessions$ = listener.pipe(stages);
    super((subscriber) => sessions$.subscribe(subscriber));
    this.address$ = listener.address$;
    this.errors$ = listener.errors$;
  }
}

/**
 * Listens and runs a session, as the server, over each connection: `listen`, TLS or WebSocket where the URL says so, `sniff` where
 * there are several codecs, and `acceptSessions`, in one. For other limits, or other protocols on the same port, chain those.
 *
 * @param url - `'tcp://host:port'`, `'tls://host:port'`, `'ws://host:port'`, `'wss://host:port'` or `'unix:/path'`; without a host
 * (`'tcp://:4040'`) every address, port 0 for one that the system chooses
 * @throws UsageError `ERR_MUX_OPTION` for a URL that is none of these, or options that can't be meant; ListenError
 * `ERR_MUX_TLS_FILES` for a certificate and key that can't be used
 * @example
 * ```ts
 * listenSessions('tcp://:4040', { codec: [muxado(), yamux()] }).subscribe((s) => {
 *   s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());   // echo
 * });
 * ```
 */
export function listenSessions(url: string, options: ListenSessionsOptions): SessionListener {
  const { tls, webSocketServer, codec, ...rest } = { ...options };
  const { place, isTls, webPath } = sessionPlace(url);
  const scheduler = rest.scheduler ?? asyncScheduler;
  if (tls !== undefined && !isTls) throw usage(`tls is for 'tls://' and 'wss://': '${url}' would be served without it`);
  if (webSocketServer !== undefined && webPath === undefined)
    throw usage(`webSocketServer is for 'ws://' and 'wss://': '${url}' would be served without it`);
  const codecs: readonly Codec[] = Array.isArray(codec) ? codec : [codec as Codec];
  // Now, and not at the first connection.
  for (const each of codecs) settle({ ...rest, codec: each, role: 'server' });
  const [first, second] = codecs;
  if (first === undefined) throw usage('codec is a codec, or a list of one or more');
  const listener = listen({ ...place, scheduler, ...(isTls ? { tls: tls ?? {} } : {}) });
  const webSockets =
    webPath === undefined ? identity<Observable<Conn>> : terminateWebSocket(serverFor(webPath, webSocketServer));
  const sessions =
    second === undefined
      ? acceptSessions({ ...rest, codec: first })
      : pipe(sniff(...codecs, { scheduler }), acceptSessions(rest));
  return new SessionListener(listener, pipe(webSockets, sessions));
}

function serverFor(path: string, server: WebSocketUpgrader | undefined): WebSocketUpgrader {
  if (server === undefined) {
    throw usage("'ws://' needs { webSocketServer: new WebSocketServer({ noServer: true }) }, of the package 'ws'");
  }
  if (path !== '' && path !== '/') {
    throw usage(`give the path to the server: new WebSocketServer({ noServer: true, path: '${path}' })`);
  }
  return server;
}

const usage = (text: string): UsageError => new UsageError('ERR_MUX_OPTION', text);
