import { describe, expect, it } from '@jest/globals';
import { EMPTY, from, map, NEVER, of, Subject, take, throwError, timer } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { consume } from '../../src/flow/consume.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { onBackpressureBuffer } from '../../src/flow/on-backpressure-buffer.js';
import { paced } from '../../src/flow/paced.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { virtually } from '../testing/virtually.js';

const bytes = (length: number, fill = 0): Uint8Array => new Uint8Array(length).fill(fill);

/** Subscribes and writes down what comes: sizes of chunks, then how it ended. */
function record(conn: { subscribe: Conn['subscribe'] }): (number | string)[] {
  const log: (number | string)[] = [];
  conn.subscribe({
    next: (chunk) => log.push(chunk.length),
    error: (e: { code: string }) => log.push(e.code),
    complete: () => log.push('end'),
  });
  return log;
}

describe.each([
  ['flowTo', flowTo],
  ['paced', paced],
] as const)('%s', (name, operator) => {
  it.each([null, undefined, 5, {}, EMPTY])('refuses at the call what is no Conn: %p', (none) => {
    expect(() => operator(none as Conn)).toThrow(`[ERR_MUX_OPTION] ${name} takes a Conn`);
  });
});

describe('consume', () => {
  it('lets no more than the capacity of the pipe be on the way to slow work, and loses nothing', () => {
    virtually(() => {
      const [client, server] = memoryPipe({ capacityBytes: 256 });
      let worked = 0;
      let most = 0;
      for (let i = 0; i < 64; i++) client.next(bytes(64));
      client.complete();
      server
        .pipe(
          consume((chunk) => {
            most = Math.max(most, client.bytesWritten - client.bufferedBytes - worked);
            return timer(10).pipe(map(() => chunk.length));
          }),
        )
        .subscribe({
          next: (length) => (worked += length),
          complete: () => {
            expect(worked).toBe(64 * 64);
            expect(most).toBeLessThanOrEqual(256);
          },
        });
    });
    expect.assertions(2);
  });

  it('keeps order one at a time, and works side by side when told to', () => {
    virtually(() => {
      for (const [concurrency, expected] of [
        [1, [30, 20, 10]],
        [3, [10, 20, 30]],
      ] as const) {
        const [client, server] = memoryPipe();
        const order: number[] = [];
        server
          .pipe(consume((chunk) => timer(chunk.length).pipe(map(() => chunk.length)), { concurrency }))
          .subscribe((n) => order.push(n));
        for (const length of [30, 20, 10]) client.next(bytes(length));
        timer(1000).subscribe(() => {
          expect(order).toEqual(expected);
        });
      }
    });
    expect.assertions(2);
  });

  it('completes after the last work, and passes errors of source, project and work on', () => {
    const ends: string[] = [];
    const watch = (name: string) => ({
      complete: () => ends.push(`${name} complete`),
      error: (e: Error) => ends.push(`${name} ${e.message}`),
    });
    of(bytes(1))
      .pipe(consume(() => of(1)))
      .subscribe(watch('one'));
    EMPTY.pipe(consume(() => of(1))).subscribe(watch('empty'));
    NEVER.pipe(consume(() => of(1))).subscribe(watch('never'));
    of(bytes(1))
      .pipe(consume(() => throwError(() => new Error('work'))))
      .subscribe(watch('work'));
    of(bytes(1))
      .pipe(
        consume(() => {
          throw new Error('project');
        }),
      )
      .subscribe(watch('project'));
    throwError(() => new Error('source'))
      .pipe(consume(() => of(1)))
      .subscribe(watch('source'));
    expect(ends).toEqual([
      'one complete',
      'empty complete',
      'work work',
      'project project',
      'source [ERR_MUX_ABORT] source',
    ]);
  });

  it.each([
    [1, 'waits for the work that has it paused'],
    [2, 'cancels the work at once where there is room for more'],
  ])('with a concurrency of %d an error of the Conn %s', (concurrency) => {
    virtually(() => {
      const [client, server] = memoryPipe();
      const work$ = new Subject<number>();
      const ends: string[] = [];
      server
        .pipe(consume(() => work$, { concurrency }))
        .subscribe({ error: ({ code }: { code: string }) => ends.push(code) });
      client.next(bytes(1));
      timer(1).subscribe(() => {
        client.error(new Error('gone'));
      });
      timer(1000).subscribe(() => {
        const waits = concurrency === 1;
        expect([work$.observed, ends]).toEqual([waits, waits ? [] : ['ERR_MUX_RESET']]);
        work$.complete();
        expect([work$.observed, ends]).toEqual([false, ['ERR_MUX_RESET']]);
      });
    });
    expect.assertions(2);
  });

  it('cancels source and work when unsubscribed from', () => {
    const source$ = new Subject<Uint8Array>();
    const work$ = new Subject<number>();
    const subscription = source$.pipe(consume(() => work$)).subscribe();
    source$.next(bytes(1));
    expect([source$.observed, work$.observed]).toEqual([true, true]);
    subscription.unsubscribe();
    expect([source$.observed, work$.observed]).toEqual([false, false]);
  });

  it('refuses a concurrency of nothing', () => {
    expect(() => consume(() => EMPTY, { concurrency: 0 })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

describe('flowTo', () => {
  it('is an echo, with half-close', () => {
    const [client, server] = memoryPipe();
    const log = record(client);
    server.pipe(flowTo(server)).subscribe();
    client.next(bytes(3));
    client.complete();
    expect(log).toEqual([3, 'end']);
  });

  it('holds the source back while the destination is full: a slow reader at the far end stops the sender', () => {
    const [client, front] = memoryPipe({ capacityBytes: 1000 });
    const [back, backend] = memoryPipe({ capacityBytes: 1000 });
    front.pipe(flowTo(back)).subscribe();
    for (let i = 0; i < 100; i++) client.next(bytes(100));
    client.complete();
    // Two pipes and the one chunk that is being passed: no more is on the way.
    expect(client.bytesWritten - client.bufferedBytes).toBeLessThanOrEqual(2200);
    const log = record(backend);
    expect(log.filter((entry) => typeof entry === 'number').reduce((sum, n) => sum + n, 0)).toBe(10_000);
    expect(log.at(-1)).toBe('end');
  });

  it('passes a reset on, completes, and throws nothing at anybody', () => {
    const [client, front] = memoryPipe();
    const [back, backend] = memoryPipe();
    const log = record(backend);
    let completed = false;
    front.pipe(flowTo(back)).subscribe({ complete: () => (completed = true) });
    client.error(new Error('gone'));
    expect(log).toEqual(['ERR_MUX_RESET']);
    expect(completed).toBe(true);
  });

  it('never starts a source for a destination that is gone', () => {
    const [back] = memoryPipe();
    back.error(new Error('gone'));
    const source$ = new Subject<Uint8Array>();
    let completed = false;
    source$.pipe(flowTo(back)).subscribe({ complete: () => (completed = true) });
    expect([completed, source$.observed]).toEqual([true, false]);
  });

  it('cancels the source when the destination ends first', () => {
    const source$ = new Subject<Uint8Array>();
    const [back, backend] = memoryPipe();
    let completed = false;
    source$.pipe(flowTo(back)).subscribe({ complete: () => (completed = true) });
    backend.error(new Error('gone'));
    expect([completed, source$.observed]).toEqual([true, false]);
  });

  it('leaves the destination open when unsubscribed from', () => {
    const [back, backend] = memoryPipe();
    const log = record(backend);
    NEVER.pipe(flowTo(back)).subscribe().unsubscribe();
    back.next(bytes(1));
    expect(log).toEqual([1]);
  });
});

describe('paced', () => {
  it('lets a fast source write without ever reaching the overflow of the Conn', () => {
    const [client, server] = memoryPipe({ capacityBytes: 100 });
    from(Array.from({ length: 50 }, () => bytes(1000)))
      .pipe(paced(client))
      .subscribe(client);
    expect(client.bufferedBytes).toBeLessThanOrEqual(1000);
    const log = record(server);
    expect(log.filter((entry) => typeof entry === 'number').reduce((sum, n) => sum + n, 0)).toBe(50_000);
    expect(log.at(-1)).toBe('end');
  });

  it('overflows by itself, not in the Conn, when a source that can not be held back outruns it by 1 MiB', () => {
    const [stuck] = memoryPipe({ capacityBytes: 100 });
    const log: (number | string)[] = [];
    from(Array.from({ length: 40 }, () => bytes(65_536)))
      .pipe(paced(stuck))
      .subscribe({
        next: (chunk) => {
          log.push(chunk.length);
          stuck.next(chunk);
        },
        error: (e: { code: string }) => log.push(e.code),
      });
    expect(log).toEqual([65_536, 65_536, 'ERR_MUX_OVERFLOW']);
  });

  it('waits with the first chunk, too, and does not even start a source before', () => {
    const [client, server] = memoryPipe({ capacityBytes: 100 });
    client.next(bytes(200));
    client.next(bytes(200));
    const source$ = new Subject<Uint8Array>();
    source$.pipe(paced(client)).subscribe(client);
    expect(source$.observed).toBe(false);
    record(server);
    expect(source$.observed).toBe(true);
  });
});

describe('onBackpressureBuffer', () => {
  const held = (overflow: 'error' | 'dropLatest' | 'dropOldest'): (number | string)[] => {
    const source$ = new Subject<Uint8Array>();
    const gate$ = new Subject<void>();
    const log: (number | string)[] = [];
    source$
      .pipe(
        onBackpressureBuffer({ maxBytes: 3, overflow }),
        consume((chunk) =>
          gate$.pipe(
            take(1),
            map(() => chunk[0] ?? 0),
          ),
        ),
      )
      .subscribe({
        next: (n) => log.push(n),
        error: (e: { code: string }) => log.push(e.code),
        complete: () => log.push('end'),
      });
    for (let n = 1; n <= 6; n++) source$.next(Uint8Array.of(n));
    source$.complete();
    for (let n = 0; n < 6; n++) gate$.next();
    return log;
  };

  it.each([
    ['error', ['ERR_MUX_OVERFLOW']],
    ['dropLatest', [1, 2, 3, 4, 'end']],
    ['dropOldest', [1, 4, 5, 6, 'end']],
  ] as const)('with %s, past its bound', (overflow, expected) => {
    expect(held(overflow)).toEqual(expected);
  });

  it('is transparent for a plain subscriber', () => {
    expect(record(of(bytes(1), bytes(2)).pipe(onBackpressureBuffer({ maxBytes: 1 })) as never)).toEqual([1, 2, 'end']);
  });

  it('refuses a bound of nothing', () => {
    expect(() => onBackpressureBuffer({ maxBytes: 0 })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});
