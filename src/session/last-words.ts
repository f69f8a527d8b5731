import { defer, filter, interval, map, take, takeUntil, timer, type Observable } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { MuxError } from '../errors.js';
import type { Settings } from './settings.js';
import { tickMs } from './tick.js';

// How long the peer has for its end of the connection, after all of ours has left.
const LAST_WORDS_MS = 5000;

/** How a wait for the last words of a peer ended: with an error where ours never left. */
export interface Unanswered {
  readonly error: MuxError | undefined;
}

/** The connection of a session, and the bytes that were read of it. */
interface Spoken {
  readonly conn: Conn;
  readonly settings: Settings;
  readonly bytesRead: number;
}

/**
 * Waits after the last frame of a session. While bytes are unsent it waits for as long as they leave, however slowly, or the peer
 * sends. Then it waits for the peer's own end. Emits once, when either took too long.
 */
export function lastWords(spoken: Spoken): Observable<Unanswered> {
  const { conn } = spoken;
  const { scheduler, stallTimeoutMs } = spoken.settings;
  const everyMs = tickMs(stallTimeoutMs);
  return defer(() => {
    let unsent = conn.bufferedBytes;
    let heard = spoken.bytesRead;
    let ticks = 0;
    return interval(everyMs, scheduler).pipe(
      map(() => {
        const left = conn.bufferedBytes;
        const isHeard = left > 0 && spoken.bytesRead !== heard;
        ticks = left === unsent && !isHeard ? ticks + 1 : 0;
        unsent = left;
        heard = spoken.bytesRead;
        return ticks * everyMs;
      }),
      filter((quietMs) => quietMs >= (unsent === 0 ? LAST_WORDS_MS : stallTimeoutMs)),
      map(() => ({ error: unsent === 0 ? undefined : stuck(unsent, stallTimeoutMs) })),
      take(1),
    );
  });
}

/** Ends a connection whose session is over: gives the peer a while to read our GoAway and end its own side. */
export function leave(conn: Conn, { scheduler }: Settings): void {
  conn.complete();
  timer(LAST_WORDS_MS, scheduler)
    .pipe(takeUntil(conn.closed$))
    .subscribe(() => {
      conn._destroy(undefined, false);
    });
}

/**
 * Ends a connection whose peer has ended its side. Unsent bytes leave first. A peer that has ended, and stays, but reads nothing
 * would keep the connection for ever, so it is destroyed once no byte leaves any more.
 */
export function followEnd(spoken: Spoken): void {
  const { conn } = spoken;
  conn.complete();
  lastWords(spoken)
    .pipe(takeUntil(conn.closed$))
    .subscribe(({ error }) => {
      conn._destroy(error, error !== undefined);
    });
}

function stuck(bytes: number, limitMs: number): MuxError {
  const text = `${bytes} bytes were left to send: for ${limitMs} ms the connection took nothing, and the peer was silent`;
  return new MuxError('ERR_MUX_TIMEOUT', text, { scope: 'session' });
}
