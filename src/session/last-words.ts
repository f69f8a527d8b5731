import { defer, filter, interval, map, take, takeUntil, timer, type Observable } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { MuxError } from '../errors.js';
import type { Settings } from './settings.js';

const TICK_MS = 1000;
// How long the peer has for its end of the connection, after all of ours has left.
const LAST_WORDS_MS = 5000;

/** How a wait for the last words of a peer ended: with an error where ours never left. */
export interface Unanswered {
  readonly error: MuxError | undefined;
}

/**
 * Waits, behind a session that has said all it had to say: as long as what is unsent leaves, however slowly, and then as long as
 * the peer may take for its own end. Emits once, when either was too long.
 */
export function lastWords(conn: Conn, settings: Settings): Observable<Unanswered> {
  const { scheduler, stallTimeoutMs } = settings;
  return defer(() => {
    let unsent = conn.bufferedBytes;
    let ticks = 0;
    return interval(TICK_MS, scheduler).pipe(
      map(() => {
        const left = conn.bufferedBytes;
        ticks = left === unsent ? ticks + 1 : 0;
        unsent = left;
        return ticks * TICK_MS;
      }),
      filter((quietMs) => quietMs >= (unsent === 0 ? LAST_WORDS_MS : stallTimeoutMs)),
      map(() => ({ error: unsent === 0 ? undefined : stuck(unsent, stallTimeoutMs) })),
      take(1),
    );
  });
}

/** Ends a connection on which nothing is read any more, without waiting for an answer. */
export function leave(conn: Conn, { scheduler }: Settings): void {
  conn.complete();
  timer(LAST_WORDS_MS, scheduler)
    .pipe(takeUntil(conn.closed$))
    .subscribe(() => {
      conn._destroy(undefined, false);
    });
}

function stuck(bytes: number, limitMs: number): MuxError {
  const text = `${bytes} bytes were left to send, and the connection took nothing for ${limitMs} ms`;
  return new MuxError('ERR_MUX_TIMEOUT', text, { scope: 'session' });
}
