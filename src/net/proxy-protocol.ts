import {
  asyncScheduler,
  defer,
  finalize,
  mergeMap,
  Observable,
  type NextObserver,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import { cidrTest } from '../conn/cidr.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import type { Conn } from '../conn/conn.js';
import { UsageError } from '../errors.js';
import { contained } from '../flow/contained.js';
import { Deadlines } from '../sniff/deadlines.js';
import { ProxyArrival, type ProxyRejection } from './proxy-arrival.js';

/** Settings of {@link proxyProtocol}. */
export interface ProxyProtocolOptions {
  /**
   * Whose headers are believed: addresses and CIDR ranges of your proxies, and `'unix'` for peers without an address, such as
   * those on a Unix socket.
   */
  readonly trust: readonly string[];
  /**
   * `'require'`: only trusted peers that send a header come in. `'optional'`: a connection without a header passes
   * untouched, from whomever it comes. @defaultValue `'require'`
   */
  readonly mode?: 'require' | 'optional';
  /**
   * Milliseconds from a connection's arrival to the end of its header, 1 to 2147483647; trickled bytes never extend them.
   * @defaultValue 3000
   */
  readonly timeoutMs?: number;
  /** Bytes that a header of version 2 may have, 16 to 65551; one of version 1 has 107 at most. @defaultValue 4096 (4 KiB) */
  readonly maxBytes?: number;
  /** Gets every connection that is turned away. */
  readonly rejected?: NextObserver<ProxyRejection>;
  /** The clock and the timer. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

// As long as sniffing waits for a client's first bytes.
const TIMEOUT_MS = 3000;
const TIMEOUT_MS_LIMIT = 0x7fff_ffff;
// Ordinary headers have 28 to 300 bytes; client certificates in TLVs make the rest.
const MAX_BYTES = 4096;

/**
 * A stage: takes the PROXY header of version 1 or 2 off each connection, and emits the same Conn with the client's addresses,
 * those of the underlying socket included, and `meta.proxy`. What follows the header is left to the next stage, also when it
 * came in the same packet; a connection is emitted as soon as its header is whole, so a server may speak first.
 *
 * Headers that say `LOCAL` (a proxy's health check), `UNKNOWN` or Unix paths leave the real addresses. A second header is
 * payload. A connection is turned away, closed and passed to `rejected`, when its header is malformed, cut off, or not whole at
 * the deadline, and for any header of a peer that is not in `trust`. One that leaves without a byte is dropped silently.
 *
 * Completes with the source once no header is awaited. Unsubscribing destroys the connections whose header is awaited; those
 * emitted live on.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a range that is none, and numbers out of range
 * @example
 * ```ts
 * listen({ port: 8080 }).pipe(proxyProtocol({ trust: ['10.0.0.0/8'] }), sniff(http1())).subscribe((conn) => {
 *   console.log(conn.remoteAddress);   // the client's
 * });
 * ```
 */
export function proxyProtocol(options: ProxyProtocolOptions): OperatorFunction<Conn, Conn> {
  const { mode = 'require', timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, scheduler = asyncScheduler } = options;
  checkWholeNumber('timeoutMs', timeoutMs, 1, TIMEOUT_MS_LIMIT);
  checkWholeNumber('maxBytes', maxBytes, 16, 16 + 0xffff);
  const isTrusted = trustTest(options.trust);
  if ((mode as string) !== 'require' && (mode as string) !== 'optional') {
    throw new UsageError('ERR_MUX_OPTION', `mode is 'require' or 'optional', not '${mode as string}'`);
  }
  const rejected = contained(options.rejected);

  return (source) =>
    defer(() => {
      const awaited = new Deadlines<ProxyArrival>(timeoutMs, scheduler);
      const isRequired = mode === 'require';
      const gate = { isTrusted, isRequired, timeoutMs, maxBytes, rejected, scheduler, awaited };
      return source.pipe(
        mergeMap((conn) => new Observable<Conn>((subscriber) => new ProxyArrival(conn, gate, subscriber).start())),
        finalize(() => {
          awaited.stop();
        }),
      );
    });
}

function trustTest(trust: readonly string[]): (conn: Conn) => boolean {
  const isInside = cidrTest(trust.filter((range) => range !== 'unix'));
  const trustsUnix = trust.includes('unix');
  return ({ remoteAddress }) => (remoteAddress === undefined ? trustsUnix : isInside(remoteAddress));
}
