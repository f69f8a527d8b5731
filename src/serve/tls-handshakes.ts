import { Socket, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import { addressesOf } from '../conn/addresses.js';
import { PassingMap } from '../conn/passing-map.js';
import { carryAddresses, hasOwnAddresses } from '../net/carry-addresses.js';
import type { SocketLike } from '../net/socket-like.js';
import { carrierOf } from '../net/tls-carrier.js';

/** Handshakes under way at once, as by default in `terminateTls`. */
export const MAX_HANDSHAKES = 1024;

// By server, in order of their begin.
const underWay = new WeakMap<Server, PassingMap<Duplex, Duplex>>();

// The streams that were handed over, and whether each was half-open before.
const begun = new WeakMap<Duplex, boolean>();

export function isTlsServer(server: Server): server is TlsServer {
  return server instanceof TlsServer;
}

/** A client whose FIN comes in its handshake has left. With half-open sockets Node would wait for the rest until its deadline. */
export function beginHandshake(stream: Duplex): void {
  begun.set(stream, stream.allowHalfOpen);
  stream.allowHalfOpen = false;
}

/**
 * After its handshake a connection that was handed over is half-open, or not, as `allowHalfOpen` says. The returned function
 * undoes this.
 */
export function keepHalfOpen(server: TlsServer, allowHalfOpen: boolean): () => void {
  const onSecure = (secure: TLSSocket): void => {
    const carrier = carrierOf(secure);
    const wasHalfOpen = carrier && begun.get(carrier);
    if (carrier === undefined || wasHalfOpen === undefined) return;
    secure.allowHalfOpen = allowHalfOpen;
    carrier.allowHalfOpen = wasHalfOpen;
  };
  server.on('secureConnection', onSecure);
  return () => server.off('secureConnection', onSecure);
}

/**
 * Shows on the TLS sockets of a server the addresses that their streams have of a PROXY header or a session: a TLS socket asks the
 * system, which knows the proxy. In front of other listeners, which may read them. The returned function undoes this.
 */
export function showClients(server: TlsServer): () => void {
  const onSecure = (secure: TLSSocket): void => {
    const carrier: SocketLike | undefined = carrierOf(secure);
    if (carrier === undefined || (carrier instanceof Socket && !hasOwnAddresses(carrier))) return;
    carryAddresses(secure, addressesOf(carrier));
  };
  const onFailed = (_error: Error, secure: TLSSocket): void => {
    onSecure(secure);
  };
  server.prependListener('secureConnection', onSecure).prependListener('tlsClientError', onFailed);
  return () => server.off('secureConnection', onSecure).off('tlsClientError', onFailed);
}

/**
 * Bounds the handshakes of a server, which strangers begin and Node keeps for 120 s: each {@link countHandshake} past the bound ends
 * the oldest. The returned function undoes this.
 */
export function boundHandshakes(server: TlsServer): () => void {
  const streams = new PassingMap<Duplex, Duplex>();
  underWay.set(server, streams);
  const onSecure = (secure: TLSSocket): void => {
    const carrier = carrierOf(secure);
    if (carrier !== undefined) streams.delete(carrier);
  };
  // Every other end of a handshake comes here.
  const onFailed = (_error: Error, secure: TLSSocket): void => {
    onSecure(secure);
  };
  server.on('secureConnection', onSecure).on('tlsClientError', onFailed);
  return () => {
    underWay.delete(server);
    server.off('secureConnection', onSecure).off('tlsClientError', onFailed);
  };
}

/** A handshake begins. */
export function countHandshake(server: Server, stream: Duplex): void {
  const streams = underWay.get(server);
  if (streams === undefined) return;
  const [oldest] = streams.size < MAX_HANDSHAKES ? [] : streams.values();
  if (oldest !== undefined) {
    streams.delete(oldest);
    oldest.destroy();
  }
  streams.set(stream, stream);
  // A TLS socket over a Duplex has forgotten that Duplex once it has ended.
  if (!(stream instanceof Socket)) stream.once('close', () => streams.delete(stream));
}
