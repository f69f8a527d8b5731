import { afterEach, describe, expect, it } from '@jest/globals';
import { defer, mergeMap, share, Subject, takeUntil, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { named } from '../../src/sniff/matchers/named.js';
import { prefix } from '../../src/sniff/matchers/prefix.js';
import { sniffCounters, type Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

const SWAPS = 100;

let subscription: Subscription | undefined;
afterEach(() => subscription?.unsubscribe());

type Served = (generation: string, conn: Conn) => void;

/** The two ways in which docs/guide/reload-routes.md changes the rules of a port. */
const ways: readonly (readonly [
  string,
  (conns$: Observable<Conn>, rules$: Subject<string>, options: Options, served: Served) => Subscription,
])[] = [
  [
    'partitionByProtocol',
    (conns$, rules$, options, served) =>
      rules$.subscribe((generation) => {
        const { route } = partitionByProtocol(conns$.pipe(takeUntil(rules$)), { route: prefix('GO') }, options);
        route.subscribe((conn) => {
          served(generation, conn);
        });
      }),
  ],
  [
    'sniff',
    (conns$, rules$, options, served) =>
      rules$
        .pipe(
          mergeMap((generation) => {
            // Completes; takeUntil behind the sniffer would unsubscribe from it.
            const mine$ = conns$.pipe(takeUntil(rules$));
            return mine$.pipe(sniff(named(generation, prefix('GO')), options));
          }),
        )
        .subscribe((conn) => {
          served(conn.protocol, conn);
        }),
  ],
];

interface Options {
  readonly counters: ReturnType<typeof sniffCounters>;
  readonly rejected: { next(rejection: Rejection): void };
}

describe.each(ways)('new rules on a live port, by %s', (_, serve) => {
  it('apply to connections that come after them: those under way are decided by the rules they began with', () => {
    const port$ = new Subject<Conn>();
    let binds = 0;
    const conns$ = defer(() => {
      binds++;
      return port$;
    }).pipe(share());
    const rules$ = new Subject<string>();
    const rejections: Rejection[] = [];
    const counters = sniffCounters();
    const served: string[] = [];
    const options: Options = { counters, rejected: { next: (rejection) => rejections.push(rejection) } };
    subscription = serve(conns$, rules$, options, (generation, conn) =>
      served.push(`${generation}:${String(conn.id)}`),
    );

    const begun: { readonly client: Conn; readonly expected: string }[] = [];
    for (let i = 0; i < SWAPS; i++) {
      const generation = `rules-${String(i)}`;
      rules$.next(generation);
      const [client, server] = memoryPipe();
      port$.next(server);
      client.next(latin1('G'));
      begun.push({ client, expected: `${generation}:${String(server.id)}` });
    }
    expect(counters).toMatchObject({ accepted: SWAPS, undecided: SWAPS });
    for (const { client } of begun) client.next(latin1('O'));
    expect(served).toEqual(begun.map(({ expected }) => expected));
    expect(rejections).toEqual([]);
    expect(counters).toMatchObject({ matched: SWAPS, undecided: 0 });
    expect(binds).toBe(1);
    port$.complete();
  });
});
