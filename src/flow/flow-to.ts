import { Observable, type OperatorFunction } from 'rxjs';
import { requireConn, type Conn } from '../conn/conn.js';
import type { MuxError } from '../errors.js';
import { holdable } from './on-backpressure-buffer.js';

/**
 * Sends the source's bytes to `destination` as fast as that takes them: the splice that proxies and echoes are built of. A
 * chunk counts as consumed when the destination has taken it; while the destination is full, the source is held back.
 *
 * Emits nothing and completes when the flow is over. The source's completion half-closes the destination; the source's error
 * resets it with that error, behind what came before. A destination that ends first cancels the source, and one that ends with an error
 * has a stream reset behind our own end. `closed$` of the two says how it ended
 * Conns, never by an error here: a client that resets its connection is no failure of the program. Unsubscribing cancels
 * the source and leaves the destination open.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a destination that is no Conn
 * @example
 * ```ts
 * merge(client.pipe(flowTo(server)), server.pipe(flowTo(client))).subscribe();   // a proxy with half-close
 * ```
 */
export function flowTo(destination: Conn): OperatorFunction<Uint8Array, never> {
  requireConn('flowTo', destination);
  return (source) =>
    new Observable<never>((subscriber) => {
      let forget: (() => void) | undefined;
      const reading = holdable(source)._read({
        next(chunk) {
          // The chunk itself is not kept while the destination is full, only how long it was.
          const { length } = chunk;
          if (destination._write(chunk)) {
            reading.consumed(length);
            return;
          }
          reading.pause();
          forget = destination._drained(() => {
            forget = undefined;
            reading.consumed(length);
            reading.resume();
          });
        },
        complete() {
          destination.complete();
          subscriber.complete();
        },
        error(error) {
          destination._fail(error);
          subscriber.complete();
        },
        // Also while the destination is full, which may last for ever.
        failed(error, isReset) {
          if (!isReset) return;
          destination._fail(error);
          subscriber.complete();
        },
      });
      let failure: MuxError | undefined;
      subscriber.add(
        destination.closed$.subscribe(({ error }) => {
          failure = error;
          subscriber.complete();
        }),
      );
      subscriber.add(() => {
        forget?.();
        reading.cancel(failure);
      });
      reading.resume();
    });
}
