import { mergeMap, pipe, takeUntil, tap, type Observable, type OperatorFunction } from 'rxjs';
import type { Conn } from '../../conn/conn.js';
import type { SessionTraffic } from '../../observe/session-traffic.js';
import { acceptSessions } from '../../session/accept-sessions.js';
import type { MuxStream } from '../../session/mux-stream.js';

/** Runs a session over each connection and gives the streams of all of them; when `closing$` emits they take no more. */
export function sessionStreams(
  sessions: SessionTraffic,
  closing$: Observable<unknown>,
): OperatorFunction<Conn, MuxStream> {
  return pipe(
    acceptSessions(),
    tap(sessions),
    mergeMap((session) => {
      closing$.pipe(takeUntil(session.closed$)).subscribe(() => session.goAway());
      return session.accept$;
    }),
  );
}
