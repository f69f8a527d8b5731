import { Observable, type OperatorFunction } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { feed } from './feed.js';
import type { Matched, Matcher } from './matcher.js';
import type { SniffOptions } from './options.js';
import { sniffPlan } from './plan.js';
import { Sniffer } from './sniffer.js';

/** The Conn type that `onTimeout` adds. */
export type TimedOut<T extends string> = T extends 'close' ? never : Conn<T>;

/**
 * Looks at each connection's first bytes, without consuming them, and emits it again with its `protocol` and `meta` set: the
 * same Conn, from its first byte. Connections are looked at side by side and leave in the order in which they are
 * decided. Matchers are asked in order; the first that says yes wins, and waits for earlier ones that still may.
 *
 * The result is cold and as hot as its source. It completes when the source has completed and no connection is undecided; it
 * errors only when the source does. `rejected` gets the others; a client that never sent a byte is
 * only counted. Unsubscribing, as `switchMap` does, destroys the undecided connections at once; those emitted live on. To change the
 * rules of a live port, complete the source instead, as in the second example: undecided connections go on under their old rules.
 *
 * @param matchers - in order of precedence
 * @throws UsageError `ERR_MUX_OPTION` when called without a matcher or with an option out of range
 * @example
 * ```ts
 * listen({ port: 8080 })
 *   .pipe(sniff(http1(), grpc(), { rejected: { next: ({ error }) => console.warn(error.message) } }))
 *   .subscribe((conn) => console.log(conn.protocol, conn.remoteAddress));
 * ```
 * @example
 * ```ts
 * const rules$ = new Subject<Matcher[]>();
 * const conns$ = listen({ port: 8080 }).pipe(share());
 * rules$.pipe(mergeMap((rules) => conns$.pipe(takeUntil(rules$), sniff(...rules)))).subscribe(serve);
 * rules$.next([http1()]);
 * ```
 */
export function sniff<const M extends readonly Matcher[]>(...matchers: M): OperatorFunction<Conn, Matched<M[number]>>;
/** The same with {@link SniffOptions} behind the matchers; a name given as `onTimeout` joins the protocols. */
export function sniff<const M extends readonly Matcher[], T extends string = 'close'>(
  ...args: readonly [...M, SniffOptions<T>]
): OperatorFunction<Conn, Matched<M[number]> | TimedOut<T>>;
export function sniff(...args: readonly (Matcher | SniffOptions)[]): OperatorFunction<Conn, Conn> {
  const plan = sniffPlan('sniff', args);
  return (source) =>
    new Observable((subscriber) => {
      const sniffer = new Sniffer(plan.matchers, plan.settings, (conn) => {
        if (subscriber.closed) return false;
        subscriber.next(conn);
        return true;
      });
      subscriber.add(feed(sniffer, source, subscriber));
    });
}
