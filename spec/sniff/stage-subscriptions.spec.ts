import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ignoreElements, mergeMap, Subject, take, takeUntil, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { terminateWebSocket } from '../../src/net/terminate-web-socket.js';
import { acceptSessions } from '../../src/session/accept-sessions.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { ssh } from '../../src/sniff/matchers/ssh.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { yamux } from '../../src/wire/index.js';
import { localhostPem } from '../serve/sink-harness.js';
import { Clock } from '../session/session-ends.js';

let pem: { readonly cert: string; readonly key: string };
beforeAll(async () => {
  pem = await localhostPem();
});

const opened: Conn[] = [];
afterEach(() => {
  for (const conn of opened.splice(0)) conn.error(new Error('the test is over'));
});

/** A connection of a client that has sent nothing yet. */
function silent(): Conn {
  const [client, conn] = memoryPipe();
  client.subscribe({ error: () => undefined });
  opened.push(client);
  return conn;
}

const marbles = (act: (helpers: RunHelpers) => void): void => {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(act);
};

const group = (): OperatorFunction<Conn, unknown> => partitionByProtocol(http1(), ssh());
const groups = (): OperatorFunction<Conn, unknown> => (source) =>
  source.pipe(
    partitionByProtocol(http1(), ssh()),
    mergeMap((group$) => group$),
  );

/** Stages that hold each connection until it is known; a silent one stays with them. */
const STAGES: readonly (readonly [name: string, stage: () => OperatorFunction<Conn, unknown>])[] = [
  ['sniff', () => sniff(http1(), ssh())],
  ['partitionByProtocol', group],
  ['partitionByProtocol with its groups', groups],
  ['proxyProtocol', () => proxyProtocol({ trust: ['0.0.0.0/0', '::/0', 'unix'] })],
  ['terminateTls', () => terminateTls(pem)],
  ['terminateWebSocket', () => terminateWebSocket(new WebSocketServer({ noServer: true }))],
];

describe.each([...STAGES, ['acceptSessions', () => acceptSessions({ codec: yamux(), keepAlive: false })] as const])(
  'the source of %s',
  (_name, stage) => {
    test('is subscribed to with the result, and left as it completes', () => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold<Conn>('---|');
        expectObservable(source.pipe(stage()), '--^').toBe('-----|');
        expectSubscriptions(source.subscriptions).toBe('--^--!');
      });
    });

    test('is left as it errors', () => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold<Conn>('---#');
        expectObservable(source.pipe(stage())).toBe('---#');
        expectSubscriptions(source.subscriptions).toBe('^--!');
      });
    });

    test('is left as the result is', () => {
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source = hot<Conn>('--------|');
        expectObservable(source.pipe(stage()), '^--!').toBe('-');
        expectSubscriptions(source.subscriptions).toBe('^--!');
      });
    });

    test('is subscribed to once for each subscription', () => {
      marbles(({ hot, expectObservable, expectSubscriptions }) => {
        const source = hot<Conn>('------|');
        const result$ = source.pipe(stage());
        expectObservable(result$).toBe('------|');
        expectObservable(result$, '-^-!').toBe('-');
        expectSubscriptions(source.subscriptions).toBe(['^-----!', '-^-!']);
      });
    });
  },
);

describe.each(STAGES)('a connection that is still unknown to %s', (_name, stage) => {
  const isOver = (conn: Conn): boolean => {
    let over = false;
    conn.closed$.subscribe(() => (over = true)).unsubscribe();
    return over;
  };

  test('keeps the result open after its source has completed, and ends as the result is left', () => {
    const conn = silent();
    const seen: boolean[] = [];
    marbles(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const source = cold('-c-|', { c: conn });
      expectObservable(source.pipe(stage()), '^-----!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe('^--!');
      cold('--a-----a').subscribe(() => seen.push(isOver(conn)));
      flush();
    });
    expect(seen).toEqual([false, true]);
  });

  test('ends as the source fails', () => {
    const conn = silent();
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-c-#', { c: conn });
      expectObservable(source.pipe(stage())).toBe('---#');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
    expect(isOver(conn)).toBe(true);
  });
});

test.each([
  ['sniff', (scheduler: SchedulerLike) => sniff(http1(), { scheduler })],
  ['partitionByProtocol', (scheduler: SchedulerLike) => partitionByProtocol(http1(), { scheduler })],
  ['proxyProtocol', (scheduler: SchedulerLike) => proxyProtocol({ trust: [], scheduler })],
] as readonly (readonly [string, (scheduler: SchedulerLike) => OperatorFunction<Conn, unknown>])[])(
  '%s leaves no timer when it is left, and when its source fails',
  (_name, stage) => {
    const clock = new Clock();
    for (const leave of ['unsubscribe', 'error']) {
      const source$ = new Subject<Conn>();
      const subscription = source$.pipe(stage(clock)).subscribe({ error: () => undefined });
      source$.next(silent());
      expect(clock.timers).toBe(1);
      if (leave === 'error') source$.error(new Error('enough'));
      else subscription.unsubscribe();
      expect([clock.timers, source$.observed]).toEqual([0, false]);
    }
  },
);

describe('partitionByProtocol over a record', () => {
  test('subscribes to the source with the first route, leaves it with the last, and begins anew', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<Conn>('---------------|');
      const { web, shell } = partitionByProtocol(source, { web: http1(), shell: ssh() });
      expectObservable(web, '-^---!').toBe('-');
      expectObservable(shell, '--^-----!').toBe('-');
      expectObservable(web, '----------^').toBe('---------------|');
      expectSubscriptions(source.subscriptions).toBe(['-^------!', '----------^----!']);
    });
  });

  test.each([
    ['completes', '---|'],
    ['errors', '---#'],
  ])('leaves the source as it %s, and so does every route', (_end, diagram) => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Conn>(diagram);
      const { web, shell } = partitionByProtocol(source, { web: http1(), shell: ssh() });
      expectObservable(web).toBe(diagram);
      expectObservable(shell).toBe(diagram);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});

describe('a group of partitionByProtocol', () => {
  test('keeps the source when the outer subscription ends, and leaves it with its own last subscriber', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const source = hot<Conn>('-c--------|', { c: request() });
      const first$ = source.pipe(
        partitionByProtocol(http1(), ssh()),
        // The outer subscription ends with the first group.
        take(1),
        mergeMap((group$) => group$),
        ignoreElements(),
        takeUntil(cold('------a')),
      );
      expectObservable(first$).toBe('------|');
      expectSubscriptions(source.subscriptions).toBe('^-----!');
    });
  });
});

/** A connection whose client has sent a request. */
function request(): Conn {
  const [client, conn] = memoryPipe();
  client.subscribe({ error: () => undefined });
  client.next(Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
  opened.push(client);
  return conn;
}
