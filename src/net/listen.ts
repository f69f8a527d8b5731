import { createServer, type AddressInfo, type Server } from 'node:net';
import { asyncScheduler, BehaviorSubject, filter, Observable, tap, type SchedulerLike, type Subscriber } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import type { Conn } from '../conn/conn.js';
import { UsageError } from '../errors.js';
import { AcceptErrors, type AcceptFailure } from './accept-errors.js';
import { bindError } from './bind-error.js';
import { DuplexConn } from './duplex-conn.js';
import { descriptorOf, lastDescriptor } from './open-files.js';
import { PerIp, tooManyFrom } from './per-ip.js';
import { checkQuiet, keepAliveOf, QuietWatch, type QuietOptions } from './quiet.js';
import { terminateTls, type TerminateTlsOptions } from './terminate-tls.js';

/** Where and how to listen. Give `port` (with or without `host`) or `path`. */
export interface ListenOptions extends QuietOptions {
  /** TCP port; 0 lets the system choose one, which `address$` emits. */
  readonly port?: number;
  /** Address or name to bind. @defaultValue every address, IPv6 and IPv4 */
  readonly host?: string;
  /** Unix socket (or Windows pipe) to bind instead of a port. */
  readonly path?: string;
  /** Binds IPv6 only where `host` is `'::'`. @defaultValue false */
  readonly ipv6Only?: boolean;
  /** Connections the system may queue before they are accepted. @defaultValue 511 */
  readonly backlog?: number;
  /** Keeps our side open for the reply after the peer's FIN. @defaultValue true */
  readonly allowHalfOpen?: boolean;
  /** Sends small writes at once (TCP_NODELAY). @defaultValue true */
  readonly noDelay?: boolean;
  /** Open connections at most; one more is closed at once and reported on `errors$`. @defaultValue no bound */
  readonly maxConnections?: number;
  /**
   * Open connections of one IPv4 address, or one /64 of IPv6, at most, likewise. It counts the peers of the port; behind a proxy that is the proxy: use
   * `limitPerIp` there. @defaultValue no bound
   */
  readonly maxPerIp?: number;
  /** Bytes that may wait to be sent on one connection before `next` ends it. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
  /** Terminates TLS on every connection; as `terminateTls` does. */
  readonly tls?: TerminateTlsOptions;
  /** The clock of the pauses on `errors$` and of the timeouts. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** Where a {@link Listener} is bound; `path` for a Unix socket. */
export type ListenAddress =
  | AddressInfo
  | {
      /** Path of the Unix socket, or name of the Windows pipe. */
      readonly path: string;
    };

/**
 * A bound port as an Observable of connections. Cold: subscribing binds, unsubscribing closes the port and leaves every
 * Conn it emitted open; each subscription is a port of its own. Errors when it can't bind (`ERR_MUX_ADDRESS_IN_USE`,
 * `ERR_MUX_PERMISSION`, `ERR_MUX_LISTEN`); never because of a connection. Never completes by itself.
 *
 * Each Conn errors when it is reset: handle that error wherever you read one, or rxjs ends the process.
 */
export class Listener extends Observable<Conn> {
  /** Emits the address once bound, to late subscribers too; never completes, never errors. */
  readonly address$: Observable<ListenAddress>;
  /** Failures to accept, with pauses between them, and connections turned away by a limit. Hot; never ends. */
  readonly errors$: Observable<AcceptFailure>;

  constructor(options: ListenOptions) {
    const address$ = new BehaviorSubject<ListenAddress | undefined>(undefined);
    const failures = new AcceptErrors(options.scheduler ?? asyncScheduler);
    const raw$ = new Observable<Conn>((subscriber) => bind(options, subscriber, address$, failures));
    const secured$ = options.tls === undefined ? raw$ : raw$.pipe(terminateTls(options.tls));
    const quiet = QuietWatch.of(options, options.scheduler);
    const watch = (conn: Conn): void => {
      if (conn instanceof DuplexConn) quiet?.watch(conn);
    };
    const conns$ = quiet === undefined ? secured$ : secured$.pipe(tap(watch));
    super((subscriber) => conns$.subscribe(subscriber));
    this.address$ = address$.pipe(filter((address) => address !== undefined));
    this.errors$ = failures.errors$;
  }
}

/**
 * Listens on a TCP port or Unix socket; every accepted connection is a Conn.
 *
 * @throws UsageError `ERR_MUX_OPTION` for options that can't be meant, ListenError `ERR_MUX_TLS_FILES` for a certificate and key
 * that can't be used
 * @example
 * ```ts
 * const conns$ = listen({ port: 0, host: '127.0.0.1' });
 * conns$.address$.subscribe((address) => console.log(address));
 * conns$.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe());
 * ```
 */
export function listen(options: ListenOptions): Listener {
  const { port, path, maxConnections, maxPerIp } = options;
  if ((port === undefined) === (path === undefined)) {
    throw new UsageError('ERR_MUX_OPTION', 'listen needs a port or a path, and not both');
  }
  if (options.host === '') {
    throw new UsageError('ERR_MUX_OPTION', "host is a name or an address: leave it out to listen on all, not ''");
  }
  checkWholeNumber('port', port, 0, 65535);
  checkWholeNumber('backlog', options.backlog, 0);
  checkWholeNumber('sendBufferBytes', options.sendBufferBytes, 0);
  checkWholeNumber('maxConnections', maxConnections, 1);
  checkWholeNumber('maxPerIp', maxPerIp, 1);
  checkQuiet(options);
  return new Listener(options);
}

function bind(
  options: ListenOptions,
  subscriber: Subscriber<Conn>,
  address$: BehaviorSubject<ListenAddress | undefined>,
  failures: AcceptErrors,
): () => void {
  const { port, host, path, ipv6Only = false, backlog, allowHalfOpen = true, noDelay = true } = options;
  const connOptions = options.sendBufferBytes === undefined ? {} : { sendBufferBytes: options.sendBufferBytes };
  const { maxPerIp = 0 } = options;
  const perIp = options.maxPerIp === undefined ? undefined : new PerIp(maxPerIp);
  const lastFile = lastDescriptor();
  const server: Server = createServer({ allowHalfOpen, noDelay, ...keepAliveOf(options) }, (socket) => {
    // At the limit libuv closes the connections that it cannot take, and no event says so. With the last descriptor free, each excess one comes here.
    if (descriptorOf(socket) >= lastFile) {
      socket.destroy();
      failures.add(`accept failed: all ${lastFile + 1} files are open`, fileLimit());
      return;
    }
    if (perIp !== undefined) {
      const { remoteAddress: ip } = socket;
      if (!perIp.enter(ip)) {
        socket.destroy();
        failures.add(tooManyFrom(ip, maxPerIp));
        return;
      }
      socket.once('close', () => {
        perIp.leave(ip);
      });
    }
    subscriber.next(new DuplexConn(socket, connOptions));
  });
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  server.on('drop', () => {
    failures.add(`more than ${options.maxConnections} connections`);
  });
  server.on('error', (error) => {
    if (server.listening) failures.add(`accept failed: ${error.message}`, error);
    else subscriber.error(bindError(error, options));
  });
  const where = path === undefined ? { port, host, ipv6Only } : { path };
  server.listen({ ...where, backlog }, () => {
    if (noDelay) inheritNoDelay(server);
    const address = server.address();
    address$.next(typeof address === 'string' ? { path: address } : (address ?? undefined));
  });
  return () => {
    address$.next(undefined);
    server.close();
  };
}

// The error that accept of the system gives at its limit.
const fileLimit = (): Error => Object.assign(new Error('too many open files'), { code: 'EMFILE', syscall: 'accept' });

/** What Node keeps of a listening server, where only TCP has the call. */
interface Listening {
  readonly _handle?: { setNoDelay?(on: boolean): number } | null;
  noDelay?: boolean;
}

// Linux gives an accepted socket the options of the one that listened: said there, it is a system call less for every connection. Where
// that can't be said, Node goes on to say it of each.
function inheritNoDelay(server: Server & Listening): void {
  if (process.platform === 'linux' && server._handle?.setNoDelay?.(true) === 0) server.noDelay = false;
}
