import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { Observable, type NextObserver, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkWholeNumber, requireWholeNumber } from '../bytes/whole-number.js';
import { addressesOf, type Addresses } from '../conn/addresses.js';
import type { Conn } from '../conn/conn.js';
import { canonicalHost, kindOfServerName } from '../conn/host-name.js';
import type { TlsMeta } from '../conn/meta.js';
import { PassingMap } from '../conn/passing-map.js';
import { ListenError, MuxError, UsageError } from '../errors.js';
import { contained } from '../flow/contained.js';
import { feed, type Holder } from '../sniff/feed.js';
import { hasOwnAddresses } from './carry-addresses.js';
import { DuplexConn } from './duplex-conn.js';
import { carrierOf } from './tls-carrier.js';
import { checkTlsFiles } from './tls-options.js';
import { tlsReason } from './tls-reason.js';

/** A connection that came to no TLS handshake, or whose handshake failed. */
export interface TlsRejection {
  /** The outer connection, which carried the handshake. It is closed, but for one that has another reader. */
  readonly conn: Conn;
  /**
   * `ERR_MUX_TLS`, with OpenSSL's or Node's error as its cause (without one for a connection that was closed before its handshake);
   * `ERR_MUX_SECOND_SUBSCRIBE` for a connection that has another reader.
   */
  readonly error: MuxError;
}

/** Settings of {@link terminateTls}: those of `node:tls` servers, and who hears of failures. */
export interface TerminateTlsOptions extends TlsOptions {
  /**
   * Gets every failed handshake: bad bytes, no common protocol, a client certificate refused, the deadline; and of connections that
   * are closed, or have a reader, when they come.
   */
  readonly rejected?: NextObserver<TlsRejection>;
  /**
   * Handshakes under way at once, 1 or more. One more ends the oldest, which `rejected` reports. @defaultValue 1024: Node held 34 KiB for
   * each that had sent half a ClientHello
   */
  readonly maxHandshakes?: number;
}

// What a server can show who it is with, beside a certificate and its key.
const IDENTITIES = ['pfx', 'SNICallback', 'pskCallback', 'secureContext'] as const;

// For a connection whose ClientHello was not read.
const NOTHING_OFFERED = { alpnProtocols: Object.freeze([]), versions: Object.freeze([]) };

const MAX_HANDSHAKES = 1024;
// A handshake takes two round trips; node:tls by itself waits 120 s.
const HANDSHAKE_TIMEOUT_MS = 10_000;
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A stage: does the TLS handshake with each connection and emits the connection inside, ready to be sniffed again. Addresses
 * and earlier `meta` are carried over; `meta.tls` tells server name, ALPN and version.
 *
 * The handshake has `handshakeTimeout` milliseconds (10,000 unless set), then the connection is closed. Past `maxHandshakes` under way the oldest is. A failed handshake ends
 * that connection only and goes to `rejected`. Completes with the source once no handshake is under way. Unsubscribing
 * destroys the connections in handshake; those emitted live on.
 *
 * All subscriptions share the tickets of one TLS server: a client resumes its TLS 1.2 or 1.3 session on any of them.
 *
 * @throws ListenError `ERR_MUX_TLS_FILES` when certificate and key can't be used, UsageError `ERR_MUX_OPTION` for other options that
 * `node:tls` refuses
 * @example
 * ```ts
 * const { secure, plain } = partitionByProtocol(conns$, { secure: tls(), plain: http1() });
 * secure.pipe(terminateTls({ cert, key, ALPNProtocols: ['h2', 'http/1.1'] }), sniff(http2(), http1()));
 * ```
 */
export function terminateTls({
  rejected,
  maxHandshakes = MAX_HANDSHAKES,
  ...options
}: TerminateTlsOptions): OperatorFunction<Conn, Conn> {
  checkTlsFiles(options);
  const { cert, key, privateKeyIdentifier } = options;
  const isCertified = cert !== undefined && (key ?? privateKeyIdentifier) !== undefined;
  if (!isCertified && !IDENTITIES.some((name) => options[name] !== undefined)) {
    throw new ListenError('ERR_MUX_TLS_FILES', 'TLS needs a certificate and its key: give cert and key, or pfx', {
      scope: 'listener',
    });
  }
  checkWholeNumber('handshakeTimeout', options.handshakeTimeout, 1, LONGEST_MS);
  requireWholeNumber('maxHandshakes', maxHandshakes, 1);
  const server = new HandshakeServer({ handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...options }, maxHandshakes);
  const told = contained(rejected);
  return (source) =>
    new Observable((subscriber) => {
      subscriber.add(feed(new Handshakes(server, subscriber, told), source, subscriber));
    });
}

/** One connection in handshake, and the subscription that it belongs to. */
interface Handshake {
  readonly conn: Conn;
  readonly addresses: Addresses;
  readonly raw: Duplex;
  readonly allowHalfOpen: boolean;
  readonly holder: Handshakes;
}

/** It never listens; connections are given to it, so that tickets, SNI and ALPN work as in any TLS server. */
class HandshakeServer {
  readonly #server: Server;
  readonly #underWay = new PassingMap<Duplex, Handshake>();
  readonly #max: number;

  constructor(options: TlsOptions, max: number) {
    this.#max = max;
    this.#server = serverOf(options)
      .on('secureConnection', (secure) => {
        const handshake = this.#take(carrierOf(secure));
        handshake?.holder.done(handshake, secure);
      })
      // Every other end of a handshake comes here, be it that one of both sides closes the connection.
      .on('tlsClientError', (error, secure) => {
        this.#fail(carrierOf(secure), error);
      });
  }

  begin(handshake: Handshake): void {
    const { raw } = handshake;
    const [oldest] = this.#underWay.size < this.#max ? [] : this.#underWay.values();
    if (oldest !== undefined) this.#fail(oldest.raw, new Error(`more than ${this.#max} handshakes are under way`));
    this.#underWay.set(raw, handshake);
    // A client that ends in mid-handshake must not keep its socket until the deadline.
    raw.allowHalfOpen = false;
    // A TLS socket over a Duplex has forgotten that Duplex once it has ended.
    if (!(raw instanceof Socket))
      raw.once('close', () => this.#fail(raw, raw.errored ?? new Error('the connection was closed')));
    try {
      this.#server.emit('connection', raw);
    } catch (error) {
      // A stream of somebody's own that TLS can't be spoken over, and that nobody listens to.
      raw.on('error', () => undefined);
      this.#fail(raw, error);
    }
  }

  /** Ends those of one subscription. */
  end(holder: Handshakes): void {
    for (const handshake of this.#underWay.values()) {
      if (handshake.holder !== holder) continue;
      const { raw } = handshake;
      // What is destroyed may begin another handshake, and the Map be another one than is gone through here.
      if (this.#underWay.delete(raw)) raw.destroy();
    }
  }

  #fail(raw: Duplex | undefined, cause: unknown): void {
    // At the handshake deadline Node tells the error but leaves the socket open.
    raw?.destroy();
    const handshake = this.#take(raw);
    handshake?.holder.failed(handshake, cause);
  }

  #take(raw: Duplex | undefined): Handshake | undefined {
    if (raw === undefined) return undefined;
    const handshake = this.#underWay.get(raw);
    this.#underWay.delete(raw);
    return handshake;
  }
}

function serverOf(options: TlsOptions): Server {
  try {
    return createServer(options);
  } catch (cause) {
    throw new UsageError('ERR_MUX_OPTION', `terminateTls: ${tlsReason(cause as Error)}`, { cause });
  }
}

/**
 * The connections in handshake of one subscription. Not an Observable for each, merged: of a server of short connections that
 * took as much as all else that is done here.
 */
class Handshakes implements Holder {
  readonly #server: HandshakeServer;
  readonly #subscriber: Subscriber<Conn>;
  readonly #told: NextObserver<TlsRejection> | undefined;
  #underWay = 0;
  #drained: (() => void) | undefined;

  constructor(server: HandshakeServer, subscriber: Subscriber<Conn>, told: NextObserver<TlsRejection> | undefined) {
    this.#server = server;
    this.#subscriber = subscriber;
    this.#told = told;
  }

  add(conn: Conn): void {
    // Now: if the handshake fails, the socket is closed before a reader can ask.
    const addresses = addressesOf(conn);
    let raw: Duplex;
    try {
      raw = taken(conn);
    } catch (error) {
      this.#told?.next({ conn, error: MuxError.from(error, 'ERR_MUX_TLS') });
      return;
    }
    this.#underWay++;
    this.#server.begin({ conn, addresses, raw, allowHalfOpen: raw.allowHalfOpen, holder: this });
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
    this.#checkDrained();
  }

  stop(): void {
    this.#server.end(this);
  }

  done({ conn, addresses, raw, allowHalfOpen }: Handshake, secure: TLSSocket): void {
    this.#underWay--;
    raw.allowHalfOpen = allowHalfOpen;
    secure.allowHalfOpen = allowHalfOpen;
    checkAuthorized(secure);
    this.#subscriber.next(inside(conn, addresses, raw, secure));
    this.#checkDrained();
  }

  failed({ conn }: Handshake, cause: unknown): void {
    this.#underWay--;
    const text = `TLS handshake of connection ${conn.id} failed: ${tlsReason(cause as Error)}`;
    this.#told?.next({ conn, error: new MuxError('ERR_MUX_TLS', text, { initiator: 'remote', cause }) });
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#underWay === 0) this.#drained?.();
  }
}

// Throws for a connection that has a reader already, or is gone.
function taken(conn: Conn): Duplex {
  const raw = conn.duplex();
  if (!raw.destroyed) return raw;
  // Its own error may be on the way still: that it is gone is told here.
  raw.on('error', () => undefined);
  throw new MuxError('ERR_MUX_TLS', `connection ${conn.id} was closed before its TLS handshake`);
}

// Node takes each resumed session of TLS 1.3 for verified, also that of a client which never showed a certificate. Servers
// read it from the socket, so it is set right there.
function checkAuthorized(secure: TLSSocket): void {
  if (secure.authorized && secure.getPeerX509Certificate() === undefined) secure.authorized = false;
}

function inside(outer: Conn, addresses: Addresses, raw: Duplex, secure: TLSSocket): Conn {
  const conn = new DuplexConn(secure, { sendBufferBytes: outer._sendBufferBytes }, addresses);
  // Made over a socket, a TLS socket asks the system itself.
  if (!(raw instanceof Socket) || hasOwnAddresses(raw)) conn._readdress(addresses);
  const { servername, alpnProtocol } = secure as TLSSocket & { readonly servername?: string | false };
  const tls: { -readonly [Name in keyof TlsMeta]: TlsMeta[Name] } = {
    ...(outer.meta.tls ?? NOTHING_OFFERED),
    version: secure.getProtocol() ?? '',
    authorized: secure.authorized,
  };
  const serverName = typeof servername === 'string' ? canonicalHost(servername) : undefined;
  if (serverName !== undefined && kindOfServerName(serverName) !== 'address') tls.serverName = serverName;
  if (typeof alpnProtocol === 'string') tls.alpn = alpnProtocol;
  conn._know({ ...outer.meta, tls });
  return conn;
}
