import { Subject } from 'rxjs';
import { paced } from '../../dist/index.js';

/**
 * Sends what `next` gives through `paced`, as fast as the Conn takes it, until `next` gives undefined; then calls `onLast`. What
 * is let through asks for the next chunk, so there is never more than one before it.
 */
export function sendPaced(conn, next, onLast = () => {}) {
  const chunks$ = new Subject();
  let isWaiting = false;
  let isFeeding = false;
  const feed = () => {
    if (isFeeding) return;
    isFeeding = true;
    while (!isWaiting) {
      const chunk = next();
      if (chunk === undefined) {
        onLast();
        break;
      }
      isWaiting = true;
      chunks$.next(chunk);
    }
    isFeeding = false;
  };
  chunks$.pipe(paced(conn)).subscribe((chunk) => {
    conn.next(chunk);
    isWaiting = false;
    feed();
  });
  feed();
}
