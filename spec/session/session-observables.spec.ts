import { expect, test } from '@jest/globals';
import { catchError, map, of } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import type { MuxError } from '../../src/errors.js';
import { yamux } from '../../src/wire/index.js';
import { rawPeer, type RawPeer } from './raw-peer.js';
import { Clock } from './session-ends.js';

const codec = yamux();

/** A session whose peer is played by hand, on the clock of the diagrams. */
function marbles(act: (peer: RawPeer, helpers: RunHelpers, at: (ms: number, act: () => void) => void) => void): void {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run((helpers) => {
    const peer = rawPeer({ codec, role: 'client', scheduler }, { scheduler });
    act(peer, helpers, (ms, then) => scheduler.schedule(then, ms));
  });
}

const end = ({ session }: RawPeer): void => {
  session.error(new Error('enough'));
};

test('stats$ emits at once and each second, for each subscriber on its own, and stops when it is left', () => {
  marbles(({ session }, { expectObservable }) => {
    const figures$ = session.stats$.pipe(map(() => 'f'));
    expectObservable(figures$, '^ 2499ms !').toBe('f 999ms f 999ms f');
    expectObservable(figures$, '500ms ^ 1499ms !').toBe('500ms f 999ms f');
  });
});

test('stats$ completes with the session, and emits nothing after it', () => {
  marbles((peer, { expectObservable }, at) => {
    const figures$ = peer.session.stats$.pipe(map(() => 'f'));
    expectObservable(figures$).toBe('f 999ms f 499ms |');
    expectObservable(figures$, '2s ^').toBe('2s |');
    at(1500, () => {
      end(peer);
    });
  });
});

test('stats$ leaves no timer behind, whether its subscriber leaves or the session ends', () => {
  const clocks = [new Clock(), new Clock()] as const;
  const peerOn = (scheduler: Clock): RawPeer => rawPeer({ codec, role: 'client', scheduler });
  const [watched, other] = [peerOn(clocks[0]), peerOn(clocks[1])];
  const { stats$ } = watched.session;
  const timers = [clocks[0].timers];
  const subscription = stats$.subscribe();
  timers.push(clocks[0].timers);
  subscription.unsubscribe();
  timers.push(clocks[0].timers);
  expect(timers).toEqual([0, 1, 0]);
  stats$.subscribe();
  for (const peer of [watched, other]) end(peer);
  // A session that has ended waits a moment for the peer to close.
  expect(clocks[0].timers).toBe(clocks[1].timers);
});

const answered = (peer: RawPeer): void => {
  for (const frame of peer.frames.splice(0)) if (frame.kind === 'ping') peer.send({ kind: 'pong', value: frame.value });
};

test('rtt$ shows a late subscriber the last round trip, and completes with the session', () => {
  marbles((peer, { expectObservable }, at) => {
    const { session } = peer;
    expectObservable(session.rtt$).toBe('15ms a 24ms b 59ms |', { a: 10, b: 20 });
    expectObservable(session.rtt$, '30ms ^ 3ms !').toBe('30ms a', { a: 10 });
    expectObservable(session.rtt$, '50ms ^').toBe('50ms b 49ms |', { b: 20 });
    expectObservable(session.rtt$, '200ms ^').toBe('200ms (b|)', { b: 20 });
    for (const [from, to] of [
      [5, 15],
      [20, 40],
    ] as const) {
      at(from, () => {
        session.ping().subscribe();
      });
      at(to, () => {
        answered(peer);
      });
    }
    at(100, () => {
      end(peer);
    });
  });
});

test('drained$ emits once when the last stream of a draining session has ended, early subscribers and late', () => {
  marbles((peer, { expectObservable }, at) => {
    const drained$ = peer.session.drained$.pipe(map(() => 'd'));
    expectObservable(drained$).toBe('30ms (d|)');
    expectObservable(drained$, '^ 19ms !').toBe('');
    expectObservable(drained$, '100ms ^').toBe('100ms (d|)');
    const stream = peer.session.open({ eager: true });
    at(10, () => {
      peer.session.goAway();
    });
    at(30, () => {
      stream.error(new Error('enough'));
    });
  });
});

test('drained$ completes without a value where the session is cut', () => {
  marbles((peer, { expectObservable }, at) => {
    expectObservable(peer.session.drained$).toBe('30ms |');
    expectObservable(peer.session.drained$, '40ms ^').toBe('40ms |');
    void peer.session.open({ eager: true });
    peer.session.goAway();
    at(30, () => {
      end(peer);
    });
  });
});

test('closed$ emits how the session ended, once, to early subscribers and late', () => {
  marbles((peer, { expectObservable }, at) => {
    const closed$ = peer.session.closed$.pipe(map(({ error }) => error?.code));
    const values = { c: 'ERR_MUX_ABORT' };
    expectObservable(closed$).toBe('30ms (c|)', values);
    expectObservable(closed$, '^ 19ms !').toBe('');
    expectObservable(closed$, '100ms ^').toBe('100ms (c|)', values);
    at(30, () => {
      end(peer);
    });
    at(40, () => {
      end(peer);
    });
  });
});

test('accept$ keeps for the next subscriber what comes after one has left, and completes with the session', () => {
  marbles((peer, { expectObservable }, at) => {
    const ids$ = peer.session.accept$.pipe(map(({ streamId }) => streamId));
    expectObservable(ids$, '^ 19ms !').toBe('10ms a', { a: 2 });
    expectObservable(ids$, '40ms ^').toBe('40ms b 9ms c 49ms |', { b: 4, c: 6 });
    const second$ = ids$.pipe(catchError((error: MuxError) => of(error.code)));
    expectObservable(second$, '60ms ^').toBe('60ms (e|)', { e: 'ERR_MUX_SECOND_SUBSCRIBE' });
    expectObservable(ids$, '200ms ^').toBe('200ms |');
    for (const [ms, id] of [
      [10, 2],
      [30, 4],
      [50, 6],
    ] as const)
      at(ms, () => {
        peer.send({ kind: 'open', id });
      });
    at(100, () => {
      end(peer);
    });
  });
});
