import type { SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { LINGER_BYTES } from '../conn/linger.js';
import type { MuxError } from '../errors.js';

// For the client to read the answer and to end. nginx lingers 5 s (lingering_timeout).
const LINGER_MS = 2000;

/**
 * Answers a client and closes the connection after the answer. Bytes that the client still sends are read and dropped until it
 * ends, for 2 s and {@link LINGER_BYTES} at most: a socket closed over unread bytes resets the connection, and the answer is lost.
 */
export function closeBehind(conn: Conn, answer: Uint8Array, error: MuxError, scheduler: SchedulerLike): void {
  const close = (): void => {
    late.unsubscribe();
    conn._destroy(error, false);
  };
  const late = scheduler.schedule(close, LINGER_MS);
  let left = LINGER_BYTES;
  conn._write(answer);
  conn.complete();
  const reading = conn._read({
    next: (chunk) => {
      reading.consumed(chunk.length);
      if ((left -= chunk.length) < 0) close();
    },
    complete: close,
    error: close,
  });
  reading.resume();
}
