import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

interface MadeOver {
  readonly _parent: Duplex | null;
  readonly _handle: { readonly _parentWrap?: { readonly stream?: Duplex } } | null;
}

/**
 * The stream that a TLS socket was made over: a socket, or another Duplex until the TLS socket is closed. Node says so only in private
 * fields.
 */
export function carrierOf(secure: TLSSocket): Duplex | undefined {
  const { _parent, _handle } = secure as unknown as MadeOver;
  return _parent ?? _handle?._parentWrap?.stream;
}
