import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { catchError, EMPTY, mergeMap, Observable, type NextObserver, type OperatorFunction } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import type { TlsMeta } from '../conn/meta.js';
import { ListenError, MuxError } from '../errors.js';
import { contained } from '../flow/contained.js';
import { hasOwnAddresses } from './carry-addresses.js';
import { DuplexConn } from './duplex-conn.js';
import { checkTlsFiles } from './tls-options.js';

/** A connection whose TLS handshake failed. It is closed already. */
export interface TlsRejection {
  /** The outer connection, which carried the handshake. */
  readonly conn: Conn;
  /** `ERR_MUX_TLS`, with OpenSSL's or Node's error as its cause. */
  readonly error: MuxError;
}

/** Settings of {@link terminateTls}: those of `node:tls` servers, and who hears of failures. */
export interface TerminateTlsOptions extends TlsOptions {
  /** Told of every failed handshake: bad bytes, no common protocol, a client certificate refused, the deadline. */
  readonly rejected?: NextObserver<TlsRejection>;
}

// What a server can show who it is with.
const CERTIFIED = ['cert', 'pfx', 'SNICallback', 'pskCallback', 'secureContext'] as const;

// A handshake takes two round trips; node:tls by itself waits 120 s.
const HANDSHAKE_TIMEOUT_MS = 10_000;

interface Handshake {
  done(secure: TLSSocket): void;
  failed(error: Error): void;
}

/**
 * A stage: does the TLS handshake with each connection and emits the connection inside, ready to be sniffed again. Addresses
 * and earlier `meta` are carried over; `meta.tls` tells server name, ALPN and version.
 *
 * The handshake has `handshakeTimeout` milliseconds (10,000 unless set), then the connection is closed. A failed handshake ends
 * that connection only and is told to `rejected`. Completes with the source once no handshake is under way. Unsubscribing
 * destroys the connections in handshake; those emitted live on.
 *
 * @throws ListenError `ERR_MUX_TLS_FILES` when certificate and key can't be used
 * @example
 * ```ts
 * const { secure, plain } = partitionByProtocol(conns$, { secure: tls(), plain: http1() });
 * secure.pipe(terminateTls({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }), sniff(http2(), http1()));
 * ```
 */
export function terminateTls({ rejected, ...options }: TerminateTlsOptions): OperatorFunction<Conn, Conn> {
  checkTlsFiles(options);
  if (!CERTIFIED.some((name) => options[name] !== undefined)) {
    throw new ListenError('ERR_MUX_TLS_FILES', 'TLS needs a certificate: give cert and key, or pfx', {
      scope: 'listener',
    });
  }
  const told = contained(rejected);
  const handshakes = new Map<Duplex, Handshake>();
  // It never listens; connections are given to it, so that tickets, SNI and ALPN work as in any TLS server.
  const server = createServer({ handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...options });
  server.on('secureConnection', (secure) => handshakeOf(secure)?.done(secure));
  server.on('tlsClientError', (error, secure) => {
    // Before it is destroyed: a TLS socket forgets what it was made over.
    const handshake = handshakeOf(secure);
    // At the handshake deadline Node tells the error but leaves the socket open.
    secure.destroy();
    handshake?.failed(error);
  });

  const handshakeOf = (secure: TLSSocket): Handshake | undefined => {
    const raw = rawOf(secure);
    return raw && handshakes.get(raw);
  };

  const handshake = (conn: Conn): Observable<Conn> =>
    new Observable<Conn>((subscriber) => {
      const raw = conn.duplex();
      if (raw.destroyed) {
        raw.on('error', () => undefined);
        throw new MuxError('ERR_MUX_TLS', `connection ${conn.id} was closed before its TLS handshake`);
      }
      // A client that ends in mid-handshake must not keep its socket until the deadline.
      const { allowHalfOpen } = raw;
      raw.allowHalfOpen = false;
      const closed = (): void => {
        handshakes.get(raw)?.failed(new Error('it was closed before the handshake was done'));
      };
      raw.once('close', closed);
      handshakes.set(raw, {
        done: (secure) => {
          handshakes.delete(raw);
          raw.off('close', closed);
          secure.allowHalfOpen = allowHalfOpen;
          subscriber.next(inside(conn, raw, secure));
          subscriber.complete();
        },
        failed: (cause) => {
          const text = `TLS handshake of connection ${conn.id} failed: ${cause.message}`;
          subscriber.error(new MuxError('ERR_MUX_TLS', text, { initiator: 'remote', cause }));
        },
      });
      subscriber.add(() => {
        if (handshakes.delete(raw)) raw.destroy();
      });
      server.emit('connection', raw);
    });

  return mergeMap((conn) =>
    handshake(conn).pipe(
      catchError((error: unknown) => {
        told?.next({ conn, error: MuxError.from(error, 'ERR_MUX_TLS') });
        return EMPTY;
      }),
    ),
  );
}

interface MadeOver {
  readonly _parent: Duplex | null;
  readonly _handle: { readonly _parentWrap?: { readonly stream?: Duplex } } | null;
}

// Node tells what a TLS socket was made over only here: a socket, or the wrapper around another Duplex, until that is closed.
function rawOf(secure: TLSSocket): Duplex | undefined {
  const { _parent, _handle } = secure as unknown as MadeOver;
  return _parent ?? _handle?._parentWrap?.stream;
}

function inside(outer: Conn, raw: Duplex, secure: TLSSocket): Conn {
  const conn = new DuplexConn(secure, { sendBufferBytes: outer._sendBufferBytes });
  // Made over a socket it asks the system itself, when somebody wants to know: two calls that most connections don't need.
  if (!(raw instanceof Socket) || hasOwnAddresses(raw)) {
    const { remoteAddress, remotePort, localAddress, localPort } = outer;
    conn._readdress({ remoteAddress, remotePort, localAddress, localPort });
  }
  const servername = (secure as TLSSocket & { readonly servername?: string | false }).servername;
  const tls: TlsMeta = {
    ...(outer.meta.tls ?? { alpnProtocols: [], versions: [] }),
    ...(typeof servername === 'string' ? { serverName: servername.toLowerCase() } : {}),
    ...(typeof secure.alpnProtocol === 'string' ? { alpn: secure.alpnProtocol } : {}),
    version: secure.getProtocol() ?? '',
    authorized: secure.authorized,
  };
  conn._know({ ...outer.meta, tls });
  return conn;
}
