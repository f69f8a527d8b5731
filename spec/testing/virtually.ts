import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';

/** Runs in virtual time; `at` does something at a time in milliseconds. */
export function virtually(run: (at: (ms: number, act: () => void) => void, scheduler: TestScheduler) => void): void {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run(() => {
    run((ms, act) => {
      scheduler.schedule(act, ms);
    }, scheduler);
  });
}
