import { describe, expect, jest, test } from '@jest/globals';
import { EMPTY, NEVER, pipe, Subject, throwError, type OperatorFunction } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { MuxError } from '../../src/errors.js';
import { consume } from '../../src/flow/consume.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { onBackpressureBuffer } from '../../src/flow/on-backpressure-buffer.js';
import { paced } from '../../src/flow/paced.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

const CHUNKS = { a: Uint8Array.of(1), b: Uint8Array.of(2), c: Uint8Array.of(3) };
const CAUSE = new MuxError('ERR_MUX_ABORT', 'the source failed');

const marbles = (act: (helpers: RunHelpers, scheduler: TestScheduler) => void): void => {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run((helpers) => {
    act(helpers, scheduler);
  });
};

/** A connection whose other end is read. */
function reader() {
  const [near, far] = memoryPipe();
  far.subscribe({ error: () => undefined });
  return near;
}

/** Every operator on bytes, made anew: values are left out, since only the subscriptions are looked at. */
const OPERATORS: readonly (readonly [name: string, operator: () => OperatorFunction<Uint8Array, unknown>])[] = [
  ['consume', () => consume(() => EMPTY)],
  ['flowTo', () => flowTo(reader())],
  ['paced', () => paced(reader())],
  ['onBackpressureBuffer', () => onBackpressureBuffer()],
  [
    'onBackpressureBuffer before consume',
    () =>
      pipe(
        onBackpressureBuffer(),
        consume(() => EMPTY),
      ),
  ],
  ['onBackpressureBuffer before paced', () => pipe(onBackpressureBuffer(), paced(reader()))],
];

describe.each(OPERATORS)('the source of %s', (name, operator) => {
  const values = (chunks: string): string => (name.includes('paced') || name === 'onBackpressureBuffer' ? chunks : '');
  const shown = (diagram: string): string => (values('x') === '' ? diagram.replaceAll(/[abc]/g, '-') : diagram);

  test('is subscribed to with the result, and left as it completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-b|', CHUNKS);
      const result$ = source.pipe(operator());
      expectSubscriptions(source.subscriptions).toBe('--^--!');
      expectObservable(result$, '--^').toBe(`--${shown('a-b|')}`, CHUNKS);
    });
  });

  test('is left as it errors', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-#', CHUNKS, CAUSE);
      // The error goes to the destination of flowTo, which completes.
      const end = name === 'flowTo' ? '|' : '#';
      expectObservable(source.pipe(operator())).toBe(shown(`a-${end}`), CHUNKS, CAUSE);
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  test('is left as the result is', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('a-b-c-a-b', CHUNKS);
      expectObservable(source.pipe(operator()), '^--!').toBe(shown('a-b'), CHUNKS);
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });

  test('is subscribed to once for each subscription', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-b-c', CHUNKS);
      const result$ = source.pipe(operator());
      expectObservable(result$, '^----!').toBe(shown('a-b-c'), CHUNKS);
      expectObservable(result$, '-^-!').toBe(`-${shown('a-')}`, CHUNKS);
      expectSubscriptions(source.subscriptions).toBe(['^----!', '-^-!']);
    });
  });
});

describe('consume', () => {
  test('subscribes to work one after the other, and leaves the source when that has completed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('ab|', CHUNKS);
      const work = cold('--|');
      expectObservable(source.pipe(consume(() => work))).toBe('----|');
      expectSubscriptions(source.subscriptions).toBe('^-!');
      expectSubscriptions(work.subscriptions).toBe(['^-!', '--^-!']);
    });
  });

  test('subscribes to as much work at a time as it may', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('abc|', CHUNKS);
      const work = cold('---|');
      expectObservable(source.pipe(consume(() => work, { concurrency: 2 }))).toBe('------|');
      expectSubscriptions(work.subscriptions).toBe(['^--!', '-^--!', '---^--!']);
    });
  });

  test('leaves the source and all work when a work fails', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('abc|', CHUNKS);
      const [slow, failing] = [cold('-----|'), cold('-#')];
      const project = (_: Uint8Array, index: number) => (index === 1 ? failing : slow);
      expectObservable(source.pipe(consume(project, { concurrency: 2 }))).toBe('--#');
      expectSubscriptions(source.subscriptions).toBe('^-!');
      expectSubscriptions(slow.subscriptions).toBe('^-!');
      expectSubscriptions(failing.subscriptions).toBe('-^!');
    });
  });

  test('leaves the source and the work when project throws, when the source fails, and when it is left', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a-b-c', CHUNKS);
      const thrown$ = source.pipe(
        consume((_, index) => {
          if (index === 1) throw CAUSE;
          return EMPTY;
        }),
      );
      expectObservable(thrown$).toBe('--#', undefined, CAUSE);
      expectSubscriptions(source.subscriptions).toBe('^-!');
      const [failing, left] = [cold('a-#', CHUNKS, CAUSE), cold('a-b', CHUNKS)];
      const work = cold('-----|');
      expectObservable(failing.pipe(consume(() => work))).toBe('--#', undefined, CAUSE);
      expectObservable(left.pipe(consume(() => work)), '^---!').toBe('-');
      expectSubscriptions(failing.subscriptions).toBe('^-!');
      expectSubscriptions(left.subscriptions).toBe('^---!');
      expectSubscriptions(work.subscriptions).toBe(['^-!', '^---!']);
    });
  });
});

describe('flowTo', () => {
  test.each([
    ['ends', (conn: ReturnType<typeof reader>) => conn.error(new Error('enough'))],
    ['is lost', (conn: ReturnType<typeof reader>) => conn._destroy(CAUSE, false)],
  ])('leaves the source as the destination %s', (_how, end) => {
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source = cold('a-b-c', CHUNKS);
      const destination = reader();
      scheduler.schedule(() => {
        end(destination);
      }, 3);
      expectObservable(source.pipe(flowTo(destination))).toBe('---|');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });
});

describe('the destination of flowTo', () => {
  test('ends with the error of the source', () => {
    const destination = reader();
    const ends: unknown[] = [];
    destination.closed$.subscribe(({ error }) => ends.push(error));
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-#', CHUNKS, CAUSE).pipe(flowTo(destination))).toBe('--|');
    });
    expect(ends).toEqual([CAUSE]);
  });

  test('stays open when the flow is left', () => {
    const destination = reader();
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-b', CHUNKS).pipe(flowTo(destination)), '^-!').toBe('-');
    });
    const ends: unknown[] = [];
    destination.closed$.subscribe((closed) => ends.push(closed));
    expect(ends).toEqual([]);
  });
});

describe('paced', () => {
  /** A connection that takes nothing more until `drain` is called. */
  function full() {
    const [near, far] = memoryPipe({ capacityBytes: 1 });
    while (!near.needsDrain) near.next(new Uint8Array(1000));
    return { near, drain: () => far.subscribe({ error: () => undefined }) };
  }

  test('subscribes to a source that cannot be held back once there is room', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source = cold('a|', CHUNKS);
      const { near, drain } = full();
      scheduler.schedule(drain, 3);
      expectObservable(source.pipe(paced(near))).toBe('---a|', CHUNKS);
      expectSubscriptions(source.subscriptions).toBe('---^!');
    });
  });

  test('never subscribes when it is left before', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }, scheduler) => {
      const source = cold('a|', CHUNKS);
      const { near, drain } = full();
      scheduler.schedule(drain, 3);
      expectObservable(source.pipe(paced(near)), '^-!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe([]);
    });
  });
});

test.each([
  ['paced', paced],
  ['flowTo', flowTo],
] as const)('%s asks a full connection no more when it is left', (_name, operator) => {
  const [near] = memoryPipe({ capacityBytes: 1 });
  while (!near.needsDrain) near.next(new Uint8Array(1000));
  let asked = 0;
  const drained = near._drained.bind(near);
  jest.spyOn(near, '_drained').mockImplementation((callback) => {
    asked++;
    const forget = drained(callback);
    return () => {
      asked--;
      forget();
    };
  });
  const source$ = new Subject<Uint8Array>();
  const flow = source$.pipe(operator(near)).subscribe();
  source$.next(CHUNKS.a);
  expect(asked).toBe(1);
  flow.unsubscribe();
  expect([asked, source$.observed]).toEqual([0, false]);
});

describe('onBackpressureBuffer', () => {
  test('leaves the source as it overflows', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('abc-a', CHUNKS);
      const result$ = source.pipe(
        onBackpressureBuffer({ maxBytes: 1 }),
        consume(() => NEVER),
      );
      expectObservable(result$).toBe('--#', undefined, expect.objectContaining({ code: 'ERR_MUX_OVERFLOW' }));
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  test.each(['dropLatest', 'dropOldest'] as const)('keeps the source while it drops, with %s', (overflow) => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('abc-a|', CHUNKS);
      const work = cold('--------|');
      const result$ = source.pipe(
        onBackpressureBuffer({ maxBytes: 1, overflow }),
        consume(() => work),
      );
      expectObservable(result$, '^---------!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe('^----!');
      expectSubscriptions(work.subscriptions).toBe(['^-------!', '--------^-!']);
    });
  });

  test('leaves the source when the work behind it fails', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-ab|', CHUNKS);
      const result$ = source.pipe(
        onBackpressureBuffer(),
        consume(() => throwError(() => CAUSE)),
      );
      expectObservable(result$).toBe('-#', undefined, CAUSE);
      expectSubscriptions(source.subscriptions).toBe('^!');
    });
  });
});
