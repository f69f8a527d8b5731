import { asyncScheduler, type SchedulerLike } from 'rxjs';

/**
 * The time in milliseconds, for differences only. That of `asyncScheduler` is the clock on the wall, which may be set; any other
 * scheduler rules its own.
 */
export function clockOf(scheduler: SchedulerLike): () => number {
  return scheduler === asyncScheduler ? () => performance.now() : () => scheduler.now();
}
