import type { SchedulerLike, Subscription } from 'rxjs';

/**
 * Does `act` after `ms` milliseconds, unless the program ends before. For what waits behind a connection that is over: only memory is
 * left to free, and in Node a timer alone must not keep the process alive. rxjs has no word for it, but its actions keep what
 * `setInterval` gave them, which in browsers is a number.
 */
export function inBackground(scheduler: SchedulerLike, act: () => void, ms: number): Subscription {
  const action: Subscription & { readonly id?: number | { unref?(): unknown } } = scheduler.schedule(act, ms);
  if (typeof action.id === 'object') action.id.unref?.();
  return action;
}
