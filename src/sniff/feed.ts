import type { Observable, Subscriber, TeardownLogic } from 'rxjs';
import type { Conn } from '../conn/conn.js';

/** Keeps each connection until something is found out about it. */
export interface Holder {
  add(conn: Conn): void;
  /** Calls back when none is kept any more. */
  whenDrained(callback: () => void): void;
  /** Ends those that are kept. */
  stop(): void;
}

/** Gives a holder every Conn of `source`; its end, once none is kept, is the end of `subscriber`. */
export function feed(holder: Holder, source: Observable<Conn>, subscriber: Subscriber<unknown>): TeardownLogic {
  subscriber.add(() => {
    holder.stop();
  });
  return source.subscribe({
    next: (conn) => {
      // A source that emits while it is being subscribed to can't be stopped in between.
      if (subscriber.closed) conn._destroy(undefined, false);
      else holder.add(conn);
    },
    error: (error: unknown) => {
      subscriber.error(error);
    },
    complete: () => {
      holder.whenDrained(() => {
        subscriber.complete();
      });
    },
  });
}
