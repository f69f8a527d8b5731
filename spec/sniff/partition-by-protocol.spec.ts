import { afterEach, describe, expect, it } from '@jest/globals';
import { mergeMap, Subject, take, type Subscription } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Conn } from '../../src/conn/conn.js';
import { latin1, MATCH, matchPrefix, type Matcher } from '../../src/sniff/matcher.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

const starts = <P extends string>(protocol: P, signature: string): Matcher<P, object> => ({
  protocol,
  match: ({ bytes }) => {
    const verdict = matchPrefix(bytes, latin1(signature));
    return verdict === 'match' ? MATCH : verdict;
  },
});

const open: Subscription[] = [];
const sources: Subject<Conn>[] = [];
afterEach(() => {
  for (const subscription of open.splice(0)) subscription.unsubscribe();
  // A group whose outer subscription has ended keeps its source.
  for (const source of sources.splice(0)) source.complete();
});

function source() {
  const conns$ = new Subject<Conn>();
  sources.push(conns$);
  const connect = (first: string): readonly [Conn, Conn] => {
    const [client, server] = memoryPipe();
    conns$.next(server);
    client.next(latin1(first));
    return [client, server];
  };
  return { conns$, connect };
}

describe('partitionByProtocol as an operator', () => {
  it('emits a group at the first Conn of each protocol and routes the others into it', () => {
    const { conns$, connect } = source();
    const seen: [string, Conn][] = [];
    const keys: string[] = [];
    open.push(
      conns$.pipe(partitionByProtocol(starts('a', 'A'), starts('b', 'B'))).subscribe((group$) => {
        keys.push(group$.key);
        group$.subscribe((conn) => seen.push([group$.key, conn]));
      }),
    );
    const servers = ['B', 'A', 'B'].map((first) => connect(first)[1]);
    expect(keys).toEqual(['b', 'a']);
    expect(seen).toEqual([
      ['b', servers[0]],
      ['a', servers[1]],
      ['b', servers[2]],
    ]);
  });

  it('case 60: closes and reports a Conn whose group nobody subscribes to', () => {
    const { conns$, connect } = source();
    const rejected: Rejection[] = [];
    open.push(
      conns$.pipe(partitionByProtocol(starts('a', 'A'), { rejected: { next: (r) => rejected.push(r) } })).subscribe(),
    );
    const [client] = connect('A');
    let end = '';
    client.subscribe({ error: () => (end = 'closed') });
    expect(rejected.map((r) => [r.reason, r.error.code])).toEqual([['unclaimed', 'ERR_MUX_UNCLAIMED']]);
    expect(end).toBe('closed');
  });

  it('keeps a group going when only the outer subscription has ended, as groupBy does', () => {
    const { conns$, connect } = source();
    const seen: Conn[] = [];
    const subscription = conns$
      .pipe(
        partitionByProtocol(starts('a', 'A')),
        take(1),
        mergeMap((group$) => group$),
      )
      .subscribe((conn) => seen.push(conn));
    const servers = [connect('A')[1], connect('A')[1]];
    expect(seen).toEqual(servers);
    subscription.unsubscribe();
    expect(conns$.observed).toBe(false);
  });

  it('ends its groups as the source ends', () => {
    for (const [end, expected] of [
      [
        (s: Subject<Conn>) => {
          s.complete();
        },
        ['group complete', 'complete'],
      ],
      [
        (s: Subject<Conn>) => {
          s.error(new Error('x'));
        },
        ['group error', 'error'],
      ],
    ] as const) {
      const { conns$, connect } = source();
      const log: string[] = [];
      open.push(
        conns$.pipe(partitionByProtocol(starts('a', 'A'))).subscribe({
          next: (group$) =>
            group$.subscribe({ complete: () => log.push('group complete'), error: () => log.push('group error') }),
          complete: () => log.push('complete'),
          error: () => log.push('error'),
        }),
      );
      connect('A');
      end(conns$);
      expect([...log].sort()).toEqual([...expected].sort());
    }
  });
});

describe('partitionByProtocol over a record', () => {
  it('gives one Observable per name over one subscription to the source', () => {
    const { conns$, connect } = source();
    const { web, raw } = partitionByProtocol(conns$, { web: starts('a', 'A'), raw: starts('b', 'B') });
    const seen: string[] = [];
    open.push(web.subscribe((conn) => seen.push(`web ${conn.protocol}`)));
    open.push(raw.subscribe((conn) => seen.push(`raw ${conn.protocol}`)));
    connect('B');
    connect('A');
    expect(seen).toEqual(['raw b', 'web a']);
  });

  it('tells two routes of one protocol apart', () => {
    const { conns$, connect } = source();
    const { one, two } = partitionByProtocol(conns$, { one: starts('http1', 'A1'), two: starts('http1', 'A2') });
    const seen: string[] = [];
    open.push(
      one.subscribe(() => seen.push('one')),
      two.subscribe(() => seen.push('two')),
    );
    connect('A2');
    connect('A1');
    expect(seen).toEqual(['two', 'one']);
  });

  it('subscribes to the source with the first route, leaves it with the last, and can be subscribed to again', () => {
    const { conns$, connect } = source();
    const { web, raw } = partitionByProtocol(conns$, { web: starts('a', 'A'), raw: starts('b', 'B') });
    expect(conns$.observed).toBe(false);
    const first = web.subscribe();
    const second = raw.subscribe();
    first.unsubscribe();
    expect(conns$.observed).toBe(true);
    second.unsubscribe();
    expect(conns$.observed).toBe(false);
    const seen: Conn[] = [];
    open.push(web.subscribe((conn) => seen.push(conn)));
    connect('A');
    expect(seen).toHaveLength(1);
  });

  it('case 60: applies the policy when a subscriber leaves mid-sniff, and destroys the undecided with the last', () => {
    const { conns$ } = source();
    const rejected: Rejection[] = [];
    const { web, raw } = partitionByProtocol(
      conns$,
      { web: starts('a', 'AA'), raw: starts('b', 'B') },
      { rejected: { next: (r) => rejected.push(r) } },
    );
    const first = web.subscribe();
    const second = raw.subscribe();
    const [client, server] = memoryPipe();
    conns$.next(server);
    client.next(latin1('A'));
    first.unsubscribe();
    client.next(latin1('A'));
    expect(rejected.map((r) => r.reason)).toEqual(['unclaimed']);
    const [late, lateServer] = memoryPipe();
    let end = '';
    late.subscribe({ error: () => (end = 'closed') });
    conns$.next(lateServer);
    second.unsubscribe();
    expect(end).toBe('closed');
  });

  it('gives silent clients to the route that onTimeout names', () => {
    const seen: string[] = [];
    new TestScheduler(() => undefined).run(() => {
      const { conns$ } = source();
      const { raw } = partitionByProtocol(
        conns$,
        { web: starts('a', 'A'), raw: starts('b', 'B') },
        { onTimeout: 'raw' },
      );
      raw.pipe(take(1)).subscribe((conn) => seen.push(conn.protocol));
      conns$.next(memoryPipe()[1]);
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['raw']);
  });

  it('refuses one matcher for two routes and an onTimeout that is no route', () => {
    const { conns$ } = source();
    const a = starts('a', 'A');
    expect(() => partitionByProtocol(conns$, { one: a, two: a })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
    );
    expect(() => partitionByProtocol(conns$, { one: a }, { onTimeout: 'two' as 'one' })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
    );
  });
});
