import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { WriteDone } from '../conn/lent.js';

const NOTHING = new Uint8Array(0);
const PATIENCE_MS = 5000;

/** What is left to send on a connection. */
interface Sending {
  /** Changes with every byte that leaves. */
  readonly _sendProgress: number;
  _write(chunk: Uint8Array, done?: WriteDone): boolean;
}

/**
 * Calls back once, when everything that was written has left, when it never will since the connection is gone, or when nothing has
 * left for 5 s (up to twice that, since it looks every 5 s).
 */
export function whenSent(conn: Sending, callback: () => void, scheduler: SchedulerLike = asyncScheduler): void {
  let before = conn._sendProgress;
  const looking = scheduler.schedule(function () {
    const now = conn._sendProgress;
    if (now === before) over();
    else this.schedule(undefined, PATIENCE_MS);
    before = now;
  }, PATIENCE_MS);
  const over = (): void => {
    if (looking.closed) return;
    looking.unsubscribe();
    callback();
  };
  // A write of nothing is done when all before it is.
  conn._write(NOTHING, over);
}
