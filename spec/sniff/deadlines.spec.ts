import { expect, test } from '@jest/globals';
import { Subscription, type SchedulerLike } from 'rxjs';
import { Deadlines, type Due } from '../../src/sniff/deadlines.js';

/** A loop that is turned by hand, and may be busy for as long as one likes between two turns. */
class Loop {
  time = 0;
  #jobs: { readonly at: number; readonly work: () => void }[] = [];

  readonly scheduler: SchedulerLike = {
    now: () => this.time,
    schedule: ((work: () => void, delayMs = 0) => {
      const job = { at: this.time + delayMs, work };
      this.#jobs.push(job);
      return new Subscription(() => {
        this.#jobs = this.#jobs.filter((other) => other !== job);
      });
    }) as SchedulerLike['schedule'],
  };

  /** Runs the timers that are due, once, at this time. */
  turn(time: number): void {
    this.time = time;
    const due = this.#jobs.filter(({ at }) => at <= time);
    this.#jobs = this.#jobs.filter(({ at }) => at > time);
    for (const { work } of due) work();
  }
}

/** Deadlines of 20 ms over a loop, the names of those that expired, and a way to make one that is due in 20 ms. */
function bench() {
  const loop = new Loop();
  const deadlines = new Deadlines(20, loop.scheduler);
  const expired: string[] = [];
  const due = (name: string): Due => {
    const one: Due = {
      dueAt: loop.time + 20,
      earlier: undefined,
      later: undefined,
      expire: () => {
        expired.push(name);
        deadlines.remove(one);
      },
    };
    return one;
  };
  return { loop, deadlines, expired, due };
}

test('case 19: whatever falls due while the loop is busy has a turn for its bytes before it expires', () => {
  const { loop, deadlines, expired, due } = bench();
  const seen = (): string => expired.join(' ');
  deadlines.add(due('first'));
  loop.turn(15);
  deadlines.add(due('second'));
  loop.turn(20);
  expect(seen()).toBe('');
  // Busy until long after both.
  loop.turn(100);
  expect(seen()).toBe('first');
  loop.turn(100);
  expect(seen()).toBe('first');
  loop.turn(100);
  expect(seen()).toBe('first second');
  expect(deadlines.size).toBe(0);
});

test('the last of several may be removed: what is added after it still expires, and the clock stops with the rest', () => {
  const { loop, deadlines, expired, due } = bench();
  const turns = (...times: readonly number[]): void => {
    for (const time of times) loop.turn(time);
  };
  const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(due) as [Due, Due, Due, Due];
  for (const each of [first, second]) deadlines.add(each);
  deadlines.remove(second);
  deadlines.add(third);
  turns(20, 20);
  expect(expired).toEqual(['first', 'third']);
  deadlines.add(fourth);
  expect(deadlines.stop()).toEqual([fourth]);
  turns(100, 100);
  expect(expired).toEqual(['first', 'third']);
});
