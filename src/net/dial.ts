import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Observable, type SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { MuxError, UsageError } from '../errors.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { describePlace } from './bind-error.js';
import { DuplexConn } from './duplex-conn.js';
import { proxyHeader } from './proxy-header.js';
import { checkQuiet, keepAliveOf, QuietWatch, type QuietOptions } from './quiet.js';
import type { SendProxyHeaderOptions } from './send-proxy-header.js';
import { checkTlsFiles } from './tls-options.js';
import { tlsReason } from './tls-reason.js';

/** Where and how to connect. Give `port` (with or without `host`) or `path`. */
export interface DialOptions extends QuietOptions {
  /** TCP port, 1 to 65535. */
  readonly port?: number;
  /** Name or address. @defaultValue `'localhost'` */
  readonly host?: string;
  /** Unix socket (or Windows pipe) instead of a port. */
  readonly path?: string;
  /** Local address to connect from. */
  readonly localAddress?: string;
  /** Keeps our side open after the peer's FIN. @defaultValue true */
  readonly allowHalfOpen?: boolean;
  /** Sends small writes at once (TCP_NODELAY). @defaultValue true */
  readonly noDelay?: boolean;
  /** Bytes that may wait to be sent before `next` ends the connection. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
  /** Speaks TLS: `node:tls` options; `servername` is `host` unless given or an address. `{}` for defaults. */
  readonly tls?: ConnectionOptions;
  /**
   * A PROXY header ahead of all else, the TLS handshake too. The addresses of `from` are read when `dial` is called.
   * @defaultValue none is sent
   */
  readonly proxyHeader?: SendProxyHeaderOptions;
  /** The clock of the timeouts. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/**
 * Connects. Cold: each subscription connects anew, emits one Conn once it is connected (and secured) and completes.
 * Unsubscribing before that gives up the attempt; the emitted Conn is the subscriber's. Errors with `ERR_MUX_CONNECT`. For a
 * deadline use rxjs' `timeout`, for another try `retry`.
 *
 * @throws UsageError `ERR_MUX_OPTION` for options that can't be meant, ListenError `ERR_MUX_TLS_FILES` for TLS files that can't be used
 * @example
 * ```ts
 * dial({ port: 6379 }).subscribe((conn) => {
 *   conn.subscribe({
 *     next: (bytes) => console.log(Buffer.from(bytes).toString()),
 *     error: (error) => console.error(error.message),
 *   });
 *   conn.next(Buffer.from('PING\r\n'));
 * });
 * ```
 */
export function dial(options: DialOptions): Observable<Conn> {
  return dialer(options)(headerOf(options.proxyHeader));
}

/** Checks the options once for many dials, each with a PROXY header of its own. */
export function dialer(options: DialOptions): (header: Uint8Array | undefined) => Observable<Conn> {
  const { port, host = 'localhost', path, tls, allowHalfOpen = true, noDelay = true } = options;
  if ((port === undefined) === (path === undefined)) {
    throw new UsageError('ERR_MUX_OPTION', 'dial needs a port or a path, and not both');
  }
  checkWholeNumber('port', port, 1, 65535);
  checkWholeNumber('sendBufferBytes', options.sendBufferBytes, 0);
  checkQuiet(options);
  if (tls !== undefined) checkTlsFiles(tls);
  const { localAddress } = options;
  const tcp = { port: port ?? 0, host, ...(localAddress === undefined ? {} : { localAddress }) };
  const where = path === undefined ? tcp : { path, port: 0 };
  const connOptions = options.sendBufferBytes === undefined ? {} : { sendBufferBytes: options.sendBufferBytes };
  // Node's types lack allowHalfOpen here; tls.connect reads it.
  const secure: ConnectionOptions & { readonly allowHalfOpen: boolean } = { ...where, ...tls, allowHalfOpen };
  const quiet = QuietWatch.of(options, options.scheduler);
  return (header) =>
    new Observable((subscriber) => {
      let connected = false;
      const failed = (error: Error): void => {
        const text = `can't connect to ${describePlace({ path, host, port })}: ${tlsReason(error)}`;
        subscriber.error(new MuxError('ERR_MUX_CONNECT', text, { cause: error, retryable: true }));
      };
      const raw = connectTcp({ ...where, allowHalfOpen, noDelay, ...keepAliveOf(options) });
      let socket: Socket | TLSSocket = raw;
      const done = (): void => {
        connected = true;
        const conn = new DuplexConn(socket, connOptions);
        socket.off('error', failed);
        quiet?.watch(conn);
        subscriber.next(conn);
        subscriber.complete();
      };
      // Under TLS this listener stays: it is the only one for errors of the socket beneath.
      raw.on('error', failed);
      raw.once('connect', () => {
        // The header leaves before the handshake, which is written to the same handle.
        if (header !== undefined) raw.write(header);
        if (tls === undefined) {
          done();
          return;
        }
        socket = connectTls({ ...secure, socket: raw });
        socket.once('error', failed);
        socket.once('secureConnect', done);
      });
      return () => {
        if (connected) return;
        // The attempt may still fail. Without a listener its error would end the process.
        socket.on('error', () => undefined);
        socket.destroy();
      };
    });
}

const headerOf = (options: SendProxyHeaderOptions | undefined): Uint8Array | undefined =>
  options === undefined ? undefined : proxyHeader(options.from, options);
