import { Observable, type MonoTypeOperatorFunction } from 'rxjs';
import { requireConn, type Conn } from '../conn/conn.js';
import { holdable } from './on-backpressure-buffer.js';

/**
 * Lets chunks through only while `conn` can take more, so that a writer never reaches `ERR_MUX_OVERFLOW` of the Conn. A Conn
 * as the source is held back; any other source is buffered, up to 1 MiB, unless `onBackpressureBuffer` is put before.
 *
 * Completes and errors with the source, after what waits was let through. Unsubscribing cancels the source.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no Conn
 * @example
 * ```ts
 * lines$.pipe(map(encode), paced(conn)).subscribe(conn);
 * ```
 */
export function paced(conn: Conn): MonoTypeOperatorFunction<Uint8Array> {
  requireConn('paced', conn);
  return (source) =>
    new Observable((subscriber) => {
      let forget: (() => void) | undefined;
      const resumeWhenDrained = (): void => {
        forget = undefined;
        if (!conn.needsDrain) {
          reading.resume();
          return;
        }
        reading.pause();
        forget = conn._drained(resumeWhenDrained);
      };
      const reading = holdable(source)._read({
        next(chunk) {
          subscriber.next(chunk);
          reading.consumed(chunk.length);
          if (conn.needsDrain && forget === undefined) resumeWhenDrained();
        },
        complete: () => {
          subscriber.complete();
        },
        error: (error) => {
          subscriber.error(error);
        },
      });
      subscriber.add(() => {
        forget?.();
        reading.cancel();
      });
      resumeWhenDrained();
    });
}
