import { tap, type MonoTypeOperatorFunction } from 'rxjs';
import type { Addresses } from '../conn/addresses.js';
import type { Conn } from '../conn/conn.js';
import { proxyHeader, type ProxyHeaderOptions } from './proxy-header.js';

/** Settings of {@link sendProxyHeader}. */
export type SendProxyHeaderOptions = ProxyHeaderOptions & {
  /** The client's connection, whose addresses are sent; without it the header says that this program speaks for itself. */
  readonly from?: Addresses;
};

/**
 * A stage for dialed connections: writes a PROXY header to each, before anything else, and passes it on. The addresses of
 * `from` are read now, not when the connection comes: a client that leaves meanwhile has none any more.
 *
 * A connection that was dialed with `tls` gets the header inside the TLS layer. Most servers expect it outside: use `proxyHeader` of
 * `dial`, which sends it there.
 *
 * @throws UsageError `ERR_MUX_OPTION` for TLVs that don't fit
 * @example
 * ```ts
 * dial({ port: 25 }).pipe(sendProxyHeader({ version: 2, from: client })).subscribe((server) => {
 *   client.pipe(flowTo(server)).subscribe();
 *   server.pipe(flowTo(client)).subscribe();
 * });
 * ```
 */
export function sendProxyHeader({ from, ...options }: SendProxyHeaderOptions): MonoTypeOperatorFunction<Conn> {
  const header = proxyHeader(from, options);
  return tap((conn) => {
    conn.next(header);
  });
}
