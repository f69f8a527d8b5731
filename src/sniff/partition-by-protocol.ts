import {
  isObservable,
  Observable,
  share,
  Subject,
  tap,
  type GroupedObservable,
  type OperatorFunction,
  type Subscription,
} from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { UsageError } from '../errors.js';
import { feed } from './feed.js';
import type { Matched, Matcher, ProtocolOf } from './matcher.js';
import type { SniffOptions } from './options.js';
import { sniffPlan, type SniffPlan } from './plan.js';
import type { TimedOut } from './sniff.js';
import { Sniffer } from './sniffer.js';
import type { Finding } from './sniffing.js';

/** One Observable per name; like rxjs' `partition`, for any number of ways. */
export type Partition<R extends Readonly<Record<string, Matcher>>> = {
  readonly [K in keyof R]: Observable<Matched<R[K]>>;
};

/**
 * Sorts connections by protocol. Looks at them exactly as `sniff` does; a matched Conn without a subscriber is closed
 * and goes to `rejected` as `'unclaimed'`, so no connection is ever left without an owner.
 *
 * As an operator it emits a group at the first Conn of each protocol, like `groupBy`. With an Observable and a record of
 * matchers it gives a record of Observables: they share one subscription to the source, made by the first subscriber and
 * ended by the last, so subscribe to all of them in one go.
 *
 * Each group and each Observable is hot, and completes or errors with the source. Unsubscribing from all of them destroys the
 * undecided connections. To change the routes of a live port, complete the source instead, as in the second example: undecided
 * connections go on under their old routes.
 *
 * @throws UsageError `ERR_MUX_OPTION` when called without a matcher or with an option out of range
 * @example
 * ```ts
 * const { web, rpc } = partitionByProtocol(listen({ port: 8080 }), { web: http1(), rpc: grpc() });
 * web.subscribe(toHttp(http.createServer(app)));
 * rpc.subscribe(toGrpc(grpcServer));
 * ```
 * @example
 * ```ts
 * const routes$ = new Subject<{ web: Matcher; server: http.Server }>();
 * const conns$ = listen({ port: 8080 }).pipe(share());
 * routes$.subscribe(({ web, server }) => {
 *   partitionByProtocol(conns$.pipe(takeUntil(routes$)), { web }).web.subscribe(toHttp(server));
 * });
 * ```
 */
export function partitionByProtocol<const M extends readonly Matcher[]>(
  ...matchers: M
): OperatorFunction<Conn, GroupedObservable<ProtocolOf<M[number]>, Matched<M[number]>>>;
/** The same with {@link SniffOptions} last; a name given as `onTimeout` gets a group too. */
export function partitionByProtocol<const M extends readonly Matcher[], T extends string = 'close'>(
  ...args: readonly [...M, SniffOptions<T>]
): OperatorFunction<
  Conn,
  GroupedObservable<ProtocolOf<M[number]> | Exclude<T, 'close'>, Matched<M[number]> | TimedOut<T>>
>;
/** The same for an Observable and a record of matchers: one Observable per name. `onTimeout` names one of them. */
export function partitionByProtocol<const R extends Readonly<Record<string, Matcher>>>(
  conns$: Observable<Conn>,
  routes: R,
  options?: SniffOptions<'close' | Extract<keyof R, string>>,
): Partition<R>;
export function partitionByProtocol(
  ...args:
    readonly [Observable<Conn>, Readonly<Record<string, Matcher>>, SniffOptions?] | readonly (Matcher | SniffOptions)[]
): OperatorFunction<Conn, GroupedObservable<string, Conn>> | Partition<Readonly<Record<string, Matcher>>> {
  const [source, routes, options = {}] = args;
  if (isObservable(source))
    return partition(source, routes as Readonly<Record<string, Matcher>>, options as SniffOptions);
  return group(args as readonly (Matcher | SniffOptions)[]);
}

function group(args: readonly (Matcher | SniffOptions)[]): OperatorFunction<Conn, GroupedObservable<string, Conn>> {
  const plan = sniffPlan('partitionByProtocol', args);
  return (source) =>
    new Observable((subscriber) => {
      const groups = new Map<string, Subject<Conn>>();
      const sorting$ = sort(source, plan, groups, ({ protocol }) => {
        const known = groups.get(protocol);
        if (known !== undefined) return known;
        const conns$ = new Subject<Conn>();
        groups.set(protocol, conns$);
        subscriber.next(Object.assign(alive(conns$, sorting$), { key: protocol }));
        return conns$;
      }).pipe(share());
      return sorting$.subscribe(subscriber);
    });
}

/** A group's Conns; its subscribers keep the sorting alive when the outer one has left, as in `groupBy`. */
function alive(conns$: Subject<Conn>, sorting$: Observable<never>): Observable<Conn> {
  return new Observable((subscriber) => {
    subscriber.add(conns$.subscribe(subscriber));
    if (!subscriber.closed) subscriber.add(sorting$.subscribe({ error: forget }));
  });
}

function partition(
  source: Observable<Conn>,
  routes: Readonly<Record<string, Matcher>>,
  options: SniffOptions,
): Record<string, Observable<Conn>> {
  const plan = sniffPlan('partitionByProtocol', [...Object.values(routes), options]);
  const names = Object.keys(routes);
  const nameOf = new Map(Object.entries(routes).map(([name, matcher]) => [matcher, name]));
  if (nameOf.size < names.length) {
    throw new UsageError('ERR_MUX_OPTION', 'each route needs a matcher object of its own; make one per route');
  }
  if (plan.settings.onTimeout !== 'close' && !names.includes(plan.settings.onTimeout)) {
    throw new UsageError('ERR_MUX_OPTION', `onTimeout names no route: '${plan.settings.onTimeout}'`);
  }
  let running:
    { readonly conns: Map<string, Subject<Conn>>; subscribers: number; subscription?: Subscription } | undefined;
  const route = (name: string): Observable<Conn> =>
    new Observable((subscriber) => {
      const run = (running ??= { conns: new Map(names.map((key) => [key, new Subject<Conn>()])), subscribers: 0 });
      run.subscribers++;
      subscriber.add(run.conns.get(name)?.subscribe(subscriber));
      run.subscription ??= sort(source, plan, run.conns, ({ matcher, protocol }) =>
        run.conns.get((matcher && nameOf.get(matcher)) ?? protocol),
      ).subscribe({ error: forget });
      subscriber.add(() => {
        if (--run.subscribers > 0) return;
        run.subscription?.unsubscribe();
        if (running === run) running = undefined;
      });
    });
  return Object.fromEntries(names.map((name) => [name, route(name)]));
}

/** Sniffs `source` into subjects, which end as it ends; itself it emits nothing but that end. */
function sort(
  source: Observable<Conn>,
  plan: SniffPlan,
  subjects: ReadonlyMap<string, Subject<Conn>>,
  subjectOf: (found: Finding) => Subject<Conn> | undefined,
): Observable<never> {
  return new Observable<never>((subscriber) => {
    const sniffer = new Sniffer(plan.matchers, plan.settings, (conn, found) => {
      const conns$ = subjectOf(found);
      if (conns$?.observed !== true) return false;
      conns$.next(conn);
      return true;
    });
    subscriber.add(feed(sniffer, source, subscriber));
  }).pipe(
    tap({
      error: (error: unknown) => {
        for (const conns$ of subjects.values()) conns$.error(error);
      },
      finalize: () => {
        for (const conns$ of subjects.values()) conns$.complete();
      },
    }),
  );
}

// The routes' subjects have told the error already.
const forget = (): void => undefined;
