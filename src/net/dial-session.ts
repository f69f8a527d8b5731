import type { ConnectionOptions } from 'node:tls';
import { Observable, switchMap, throwError, timeout } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import type { Conn } from '../conn/conn.js';
import { MuxError, UsageError } from '../errors.js';
import type { SessionOptions } from '../session/options.js';
import { session, type Session } from '../session/session.js';
import { settle } from '../session/settings.js';
import { dial } from './dial.js';
import { dialWebSocket, type WebSocketConstructor } from './dial-web-socket.js';
import { sessionPlace } from './session-url.js';

/** Settings of {@link dialSession}. */
export interface DialSessionOptions extends Omit<SessionOptions, 'role'> {
  /** For `tls:`: `node:tls` options, as in `dial({ tls })`. @defaultValue those of `node:tls`, the host as `servername` */
  readonly tls?: ConnectionOptions;
  /** For `ws:` and `wss:`: what makes the WebSocket, that of `ws` as a rule. @defaultValue the global one; Node 20 has none */
  readonly webSocket?: WebSocketConstructor;
  /** For `ws:` and `wss:`: the longest message that is sent, in bytes, 1 or more; see {@link fromWebSocket}. @defaultValue 65536 (64 KiB) */
  readonly maxMessageBytes?: number;
  /** Milliseconds to connect in, TLS and WebSocket handshakes included, 1 to 2147483647. @defaultValue 10000 */
  readonly connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects and runs a session over the connection, as the client. Cold: each subscription dials anew, emits one session once it is
 * connected, completes when that session ends in order, and errors when it ends early, with the session's error, or was not
 * reached, with `ERR_MUX_CONNECT`.
 *
 * **Reconnecting takes `retry` and `repeat`.** `retry` dials again after an error: a server that was killed, a proxy that cut an
 * idle connection. `repeat` dials again after an orderly end: a server that is restarted says GoAway, and smux has no other end.
 *
 * The session lives as long as the subscription: unsubscribing gives up the attempt or closes the session as `session.close()`
 * does: what was written is sent, within 5 seconds, and the streams end. So `take(1)` and `firstValueFrom` close it at once: use
 * `switchMap`. For a session that outlives its subscription use `dial(…)` and `session(conn, …)`.
 *
 * @param url - `'tcp://host:port'`, `'tls://host:port'`, `'unix:/path'`, `'ws://host/path'` or `'wss://host/path'`
 * @throws UsageError `ERR_MUX_OPTION` for a URL that is none of these, or options that can't be meant
 * @example
 * ```ts
 * let attempts = 0;
 * const pause = () => timer((0.5 + Math.random() / 2) * Math.min(30_000, 1000 * 2 ** attempts++));
 *
 * dialSession('tls://example.com:4040', { codec: muxado() })
 *   .pipe(
 *     tap({ error: (error) => console.error(error.message) }),
 *     retry({ delay: pause }),
 *     repeat({ delay: pause }),
 *     switchMap((s) => {
 *       timer(10_000).pipe(takeUntil(s.closed$)).subscribe(() => (attempts = 0));   // it lasts
 *       return s.accept$;
 *     }),
 *   )
 *   .subscribe(toHttp(server));
 * ```
 */
export function dialSession(url: string, options: DialSessionOptions): Observable<Session> {
  const { tls, webSocket, maxMessageBytes, connectTimeoutMs = CONNECT_TIMEOUT_MS, ...limits } = { ...options };
  checkWholeNumber('connectTimeoutMs', connectTimeoutMs, 1, 0x7fff_ffff);
  // Now, since who retries would make the same mistake for ever.
  const settings = settle({ ...limits, role: 'client' });
  const { place, isTls, webPath } = sessionPlace(url);
  if (tls !== undefined && (webPath !== undefined || !isTls)) {
    throw new UsageError('ERR_MUX_OPTION', `tls is for 'tls://' only: '${url}' would be connected without it`);
  }
  checkWholeNumber('maxMessageBytes', maxMessageBytes, 1);
  const forWeb = webSocket !== undefined ? 'webSocket' : maxMessageBytes !== undefined ? 'maxMessageBytes' : undefined;
  if (forWeb !== undefined && webPath === undefined) {
    const text = `${forWeb} is for 'ws://' and 'wss://': '${url}' would be connected without it`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  const conn$ =
    webPath === undefined
      ? dial({ ...place, ...(isTls ? { tls: tls ?? {} } : {}) })
      : dialWebSocket(url, webSocket, maxMessageBytes === undefined ? {} : { maxMessageBytes });
  const tooLate = (): MuxError =>
    new MuxError('ERR_MUX_CONNECT', `${url} was not reached within ${connectTimeoutMs} ms`, { retryable: true });
  return conn$.pipe(
    timeout({ first: connectTimeoutMs, scheduler: settings.scheduler, with: () => throwError(tooLate) }),
    switchMap((conn) => lifeOf(conn, settings)),
  );
}

/** The session over a connection, for as long as it has a subscriber. */
function lifeOf(conn: Conn, options: SessionOptions): Observable<Session> {
  return new Observable((subscriber) => {
    const opened = session(conn, options);
    subscriber.add(() => {
      opened.close();
    });
    subscriber.next(opened);
    subscriber.add(
      opened.closed$.subscribe(({ error }) => {
        if (error === undefined) subscriber.complete();
        else subscriber.error(error);
      }),
    );
  });
}
