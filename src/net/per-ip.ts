import { filter, type NextObserver, type Observable } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import type { Conn } from '../conn/conn.js';
import { countedAs } from '../conn/ip-address.js';
import { PassingMap } from '../conn/passing-map.js';
import { MuxError } from '../errors.js';
import { contained } from '../flow/contained.js';

/** A connection that was turned away because its address has too many. It is closed already. */
export interface PerIpRejection {
  /** The connection. */
  readonly conn: Conn;
  /** `ERR_MUX_ACCEPT`. */
  readonly error: MuxError;
}

/** Settings of {@link limitPerIp}. */
export interface LimitPerIpOptions {
  /** Open connections of one IPv4 address, or one /64 of IPv6, at most, 1 or more. */
  readonly max: number;
  /** Gets every connection that is turned away. */
  readonly rejected?: NextObserver<PerIpRejection>;
}

/** Counts open connections by remote address, of IPv6 by its /64. */
export class PerIp {
  readonly #max: number;
  readonly #open = new PassingMap<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one more; false for one too many. A connection without an address, on a Unix socket, is not counted. */
  enter(ip: string | undefined): boolean {
    if (ip === undefined) return true;
    const client = countedAs(ip);
    const count = this.#open.get(client) ?? 0;
    if (count >= this.#max) return false;
    this.#open.set(client, count + 1);
    return true;
  }

  leave(ip: string | undefined): void {
    if (ip === undefined) return;
    const client = countedAs(ip);
    const left = (this.#open.get(client) ?? 1) - 1;
    if (left === 0) this.#open.delete(client);
    else this.#open.set(client, left);
  }
}

/** @internal The reason in words. */
export const tooManyFrom = (ip = '', max: number): string => `more than ${max} connections from ${countedAs(ip)}`;

/**
 * A stage: closes connections of a remote address, of IPv6 its /64, that has `max` open ones. Behind `proxyProtocol` it counts clients, while
 * `maxPerIp` of `listen` counts the peers of the port: the proxy. All subscriptions share one count. Completes and errors
 * with the source; unsubscribing leaves the connections open.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a `max` out of range
 * @example
 * ```ts
 * listen({ port: 8080 }).pipe(proxyProtocol({ trust: ['10.0.0.0/8'] }), limitPerIp({ max: 100 }), sniff(http1()));
 * ```
 */
export function limitPerIp({
  max,
  rejected,
}: LimitPerIpOptions): <C extends Conn>(source: Observable<C>) => Observable<C> {
  checkWholeNumber('max of limitPerIp', max, 1);
  const perIp = new PerIp(max);
  const told = contained(rejected);
  const isAdmitted = (conn: Conn): boolean => {
    const { id, remoteAddress } = conn;
    if (perIp.enter(remoteAddress)) {
      conn.closed$.subscribe(() => {
        perIp.leave(remoteAddress);
      });
      return true;
    }
    const error = new MuxError('ERR_MUX_ACCEPT', `connection ${id}: ${tooManyFrom(remoteAddress, max)}`);
    conn._destroy(error, false);
    told?.next({ conn, error });
    return false;
  };
  return (source) => source.pipe(filter((conn) => isAdmitted(conn)));
}
