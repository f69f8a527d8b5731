import {
  asyncScheduler,
  defer,
  filter,
  merge,
  mergeMap,
  takeUntil,
  throwError,
  timeout,
  type NextObserver,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import type { Conn } from '../conn/conn.js';
import { MuxError } from '../errors.js';
import { contained } from '../flow/contained.js';
import { flowTo } from '../flow/flow-to.js';
import { dialer, type DialOptions } from '../net/dial.js';
import { proxyHeader, type ProxyHeaderOptions } from '../net/proxy-header.js';
import { connSink, type Sink } from './sink.js';

/** A connection for which there was no backend. It is closed already. */
export interface ProxyFailure {
  /** The client's connection. */
  readonly conn: Conn;
  /** `ERR_MUX_CONNECT` when the backend was not reached or choosing it threw; a MuxError keeps its own code. */
  readonly error: MuxError;
}

/** Settings of {@link proxyTo}. */
export interface ProxyToOptions {
  /**
   * Sends the client's address to the backend, in a PROXY header before all else, the TLS handshake with the backend too. A
   * function chooses the header for each connection, and may add its server name: see `encodeProxyTlvs`. @defaultValue none is sent
   */
  readonly header?: ProxyHeaderOptions | ((conn: Conn) => ProxyHeaderOptions);
  /** Milliseconds to reach the backend in, 1 to 2147483647. @defaultValue 5000 */
  readonly connectTimeoutMs?: number;
  /** Gets every connection that reached no backend. */
  readonly failed?: NextObserver<ProxyFailure>;
  /** The clock of the connect timeout. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Joins each connection with one it dials: bytes, FIN and reset pass in both directions, with backpressure, and nothing else
 * ends them, unless the target has `idleTimeoutMs` or `halfCloseTimeoutMs`: these end both. The first bytes of a backend pass at once.
 *
 * A connection that is closed while its backend is dialed gives up the attempt, unless all its bytes and its FIN have arrived. One
 * whose backend can't be reached is closed and goes to `failed`.
 *
 * `close` waits for the connections to end by themselves: what they carry is not known here.
 *
 * @param target - where to connect to, or the choice of it for each connection
 * @throws UsageError `ERR_MUX_OPTION` for a target that can't be meant, a header that can't be written and a time out of range
 * @example
 * ```ts
 * ssh$.subscribe(proxyTo({ port: 22 }));
 * ```
 */
export function proxyTo(target: DialOptions | ((conn: Conn) => DialOptions), options: ProxyToOptions = {}): Sink {
  const { connectTimeoutMs = CONNECT_TIMEOUT_MS, header, scheduler = asyncScheduler } = options;
  checkWholeNumber('connectTimeoutMs', connectTimeoutMs, 1, 0x7fff_ffff);
  // What can't be written to a backend is told before there is one.
  if (typeof header === 'object') proxyHeader(undefined, header);
  const headerOf = (conn: Conn): Uint8Array | undefined =>
    header === undefined ? undefined : proxyHeader(conn, typeof header === 'object' ? header : header(conn));
  const failed = contained(options.failed);
  const dialFor = dialerOf(target);
  const tooLate = (): MuxError =>
    new MuxError('ERR_MUX_CONNECT', `the backend was not reached within ${connectTimeoutMs} ms`);
  const backendOf = (conn: Conn): Observable<Conn> =>
    dialFor(conn)(headerOf(conn)).pipe(
      timeout({ first: connectTimeoutMs, scheduler, with: () => throwError(tooLate) }),
      takeUntil(conn.closed$.pipe(filter(() => !conn._hasEnded))),
    );
  const splice = (conn: Conn): Observable<never> =>
    defer(() => backendOf(conn)).pipe(
      mergeMap((backend) => merge(conn.pipe(flowTo(backend)), backend.pipe(flowTo(conn)))),
    );
  return connSink((conn) => {
    splice(conn).subscribe({
      error: (cause: unknown) => {
        const error = MuxError.from(cause, 'ERR_MUX_CONNECT');
        conn._destroy(error, false);
        failed?.next({ conn, error });
      },
    });
  });
}

// A fixed target is checked now, a chosen one when it is chosen.
function dialerOf(target: DialOptions | ((conn: Conn) => DialOptions)): (conn: Conn) => ReturnType<typeof dialer> {
  if (typeof target === 'function') return (conn) => dialer(target(conn));
  const dialTarget = dialer(target);
  return () => dialTarget;
}
