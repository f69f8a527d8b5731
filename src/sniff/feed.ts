import type { Observable, Subscriber, TeardownLogic } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import type { Sniffer } from './sniffer.js';

/** Lets a sniffer look at every Conn of `source`; its end, once none is undecided, is the end of `subscriber`. */
export function feed(sniffer: Sniffer, source: Observable<Conn>, subscriber: Subscriber<unknown>): TeardownLogic {
  subscriber.add(() => {
    sniffer.stop();
  });
  return source.subscribe({
    next: (conn) => {
      // A source that emits while it is being subscribed to can't be stopped in between.
      if (subscriber.closed) conn._destroy(undefined, false);
      else sniffer.add(conn);
    },
    error: (error: unknown) => {
      subscriber.error(error);
    },
    complete: () => {
      sniffer.whenDrained(() => {
        subscriber.complete();
      });
    },
  });
}
