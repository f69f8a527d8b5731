import { from, Observable, type ObservableInput, type OperatorFunction, Subscription } from 'rxjs';
import { unpinned } from '../bytes/unpinned.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { holdable } from './on-backpressure-buffer.js';

/** Settings of {@link consume}. */
export interface ConsumeOptions {
  /** How many chunks may be worked on at a time; 1 keeps their order. @defaultValue 1 */
  readonly concurrency?: number;
}

/**
 * Works on each chunk and counts it as consumed when its work is done: the peer is held back by slow work, and nothing
 * piles up here. `project` gives an Observable, a Promise or an iterable; its values are passed on.
 *
 * Behind a Conn (`conn.pipe(consume(…))`) the Conn itself is paused. Behind any other Observable, which can't be held back, at
 * most 1 MiB is held and more ends in `ERR_MUX_OVERFLOW`; put `onBackpressureBuffer` between for another bound or policy.
 *
 * Completes when the source has completed and the last work is done; errors when the source, `project` or the work does, and
 * cancels the source and all work then. Unsubscribing cancels the source and the work.
 *
 * An error of a Conn that is paused waits, as the bytes before it do, until work is done. After the end of a stream or its session it waits
 * `stallTimeoutMs` at most: then the bytes are dropped, and the error cancels the work.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a concurrency that is no positive whole number
 * @example
 * ```ts
 * conn.pipe(consume((chunk) => file.write(chunk))).subscribe({
 *   complete: () => file.close(),
 *   error: (error) => console.error(error.message),
 * });
 * ```
 */
export function consume<R>(
  project: (chunk: Uint8Array, index: number) => ObservableInput<R>,
  { concurrency = 1 }: ConsumeOptions = {},
): OperatorFunction<Uint8Array, R> {
  checkWholeNumber('concurrency', concurrency, 1);
  return (source) =>
    new Observable<R>((subscriber) => {
      let active = 0;
      let index = 0;
      let completed = false;
      const reading = holdable(source)._read({
        next(chunk) {
          // Work takes its time, with the chunk in hand: it is not to keep all that the chunk came in.
          const { length } = chunk;
          active++;
          let work$: Observable<R>;
          try {
            work$ = from(project(unpinned(chunk), index++));
          } catch (error) {
            subscriber.error(error);
            return;
          }
          // Paused before the work starts: the source must not run ahead while it does.
          if (active === concurrency) reading.pause();
          const work = new Subscription();
          subscriber.add(work);
          work.add(
            work$.subscribe({
              next: (value) => {
                subscriber.next(value);
              },
              error: (error: unknown) => {
                subscriber.error(error);
              },
              complete: () => {
                subscriber.remove(work);
                reading.consumed(length);
                if (active-- === concurrency) reading.resume();
                if (completed && active === 0) subscriber.complete();
              },
            }),
          );
        },
        complete() {
          completed = true;
          if (active === 0) subscriber.complete();
        },
        error: (error) => {
          subscriber.error(error);
        },
      });
      subscriber.add(() => {
        reading.cancel();
      });
      reading.resume();
    });
}
