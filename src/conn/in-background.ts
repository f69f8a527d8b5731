import type { SchedulerLike, Subscription } from 'rxjs';

/**
 * Calls `act` after `ms` milliseconds, unless the program ends before. Use it for work after the end of a connection that only frees
 * memory: in Node such a timer must not keep the process alive. rxjs has no option for that, but its actions keep the handle that
 * `setInterval` returned, which in browsers is a number.
 */
export function inBackground(scheduler: SchedulerLike, act: () => void, ms: number): Subscription {
  const action: Subscription & { readonly id?: number | { unref?(): unknown } } = scheduler.schedule(act, ms);
  if (typeof action.id === 'object') action.id.unref?.();
  return action;
}
