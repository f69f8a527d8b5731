import { describe, expect, test } from '@jest/globals';
import { take } from 'rxjs';
import type { MuxError } from '../../src/errors.js';
import { AcceptQueue } from '../../src/session/accept-queue.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { Clock } from './session-ends.js';

const stream = (streamId: number): MuxStream => Object.assign(Object.create(null) as MuxStream, { streamId });

const queueOf = (backlog: number, scheduler = new Clock()): AcceptQueue =>
  new AcceptQueue(backlog, { scheduler, stallTimeoutMs: 1000 }, { mayGive: () => true, onRoom: () => undefined });

function idsOf(queue: AcceptQueue, count = Infinity): (number | string)[] {
  const seen: (number | string)[] = [];
  queue.accept$.pipe(take(count)).subscribe({
    next: ({ streamId }) => seen.push(streamId),
    error: ({ code }: MuxError) => seen.push(code),
    complete: () => seen.push('complete'),
  });
  return seen;
}

describe('streams that wait to be accepted', () => {
  test('are kept without a subscriber, up to the backlog', () => {
    const queue = queueOf(2);
    queue.offer(stream(1));
    expect([queue.isFull(0), queue.isFull(1)]).toEqual([false, true]);
    queue.offer(stream(2));
    expect(queue.isFull(0)).toBe(true);
    expect(idsOf(queue)).toEqual([1, 2]);
    expect(queue.isFull(0)).toBe(false);
  });

  test('are not refused to one who takes them, even with a backlog of 0', () => {
    const queue = queueOf(0);
    expect(queue.isFull(0)).toBe(true);
    const seen = idsOf(queue);
    expect(queue.isFull(0)).toBe(false);
    queue.offer(stream(1));
    expect(seen).toEqual([1]);
  });

  test('session case 31: are not lost when a subscriber leaves and another comes', () => {
    const queue = queueOf(8);
    for (const id of [1, 2, 3]) queue.offer(stream(id));
    expect([idsOf(queue, 1), idsOf(queue, 1)]).toEqual([
      [1, 'complete'],
      [2, 'complete'],
    ]);
    queue.offer(stream(4));
    expect(idsOf(queue)).toEqual([3, 4]);
  });

  test('have one taker at a time', () => {
    const queue = queueOf(8);
    const first = idsOf(queue);
    expect(idsOf(queue)).toEqual(['ERR_MUX_SECOND_SUBSCRIBE']);
    queue.offer(stream(1));
    expect(first).toEqual([1]);
  });

  test('are forgotten when they are over before', () => {
    const queue = queueOf(8);
    const [first, second] = [stream(1), stream(2)];
    for (const each of [first, second]) queue.offer(each);
    queue.forget(first);
    queue.forget(first);
    expect(idsOf(queue)).toEqual([2]);
  });

  test('come before the end, which later subscribers are told as well', () => {
    const queue = queueOf(8);
    queue.offer(stream(1));
    queue.end();
    expect([idsOf(queue), idsOf(queue)]).toEqual([[1, 'complete'], ['complete']]);
    const waiting = queueOf(8);
    const seen = idsOf(waiting);
    waiting.end();
    waiting.end();
    expect([seen, idsOf(waiting)]).toEqual([['complete'], ['complete']]);
  });

  test('give back what they hold when for stallTimeoutMs no subscriber takes them after the end', async () => {
    const clock = new Clock();
    const queue = queueOf(8, clock);
    const dropped: number[] = [];
    for (const id of [1, 2]) queue.offer(Object.assign(stream(id), { cancelRead: () => dropped.push(id) }));
    queue.end();
    await clock.pass(999);
    expect([idsOf(queue, 1), dropped]).toEqual([[1, 'complete'], []]);
    await clock.pass(1000);
    expect([idsOf(queue), dropped, clock.timers]).toEqual([['complete'], [2], 0]);
  });

  test('session case 38: come in order when more are offered, or the subscriber leaves, from within next', () => {
    const queue = queueOf(8);
    const seen: number[] = [];
    for (const id of [1, 2]) queue.offer(stream(id));
    const subscription = queue.accept$.subscribe(({ streamId }) => {
      seen.push(streamId);
      if (streamId === 1) queue.offer(stream(3));
    });
    expect(seen).toEqual([1, 2, 3]);
    subscription.unsubscribe();
    for (const id of [4, 5]) queue.offer(stream(id));
    expect([idsOf(queue, 1), idsOf(queue, 1)]).toEqual([
      [4, 'complete'],
      [5, 'complete'],
    ]);
  });
});
