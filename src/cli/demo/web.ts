import { distinctUntilChanged, interval, map, merge, shareReplay, startWith, takeUntil, type Observable } from 'rxjs';
import { page } from '../../dashboard/page.js';
import { onBackpressureBuffer } from '../../flow/on-backpressure-buffer.js';
import type { SessionEntry, SessionTraffic } from '../../observe/session-traffic.js';
import type { Traffic, TrafficSnapshot } from '../../observe/traffic.js';
import { muxReply } from '../../serve/mux-reply.js';
import { serveMux, type MuxListener } from '../../serve/serve-mux.js';

/** Milliseconds between two looks at the traffic. */
const REFRESH_MS = 500;
/** Milliseconds between two comments: while nothing changes, only a write shows that a client has left. */
const HEARTBEAT_MS = 15_000;

const HTML = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
};

/** What the page shows. */
interface Shown extends TrafficSnapshot {
  readonly sessions: readonly SessionEntry[];
}

/** The demo's pages: the live tables, their events (which end with `closing$`), the same as JSON, a greeting and an echo. */
export function web(traffic: Traffic, sessions: SessionTraffic, closing$: Observable<unknown>): MuxListener {
  const now = (): Shown => ({ ...traffic.snapshot(), sessions: sessions.snapshot() });
  const beats$ = interval(HEARTBEAT_MS).pipe(map(() => ':\n\n'));
  const events$ = merge(changes(now), beats$).pipe(
    map((text) => Buffer.from(text)),
    takeUntil(closing$),
  );
  return serveMux({
    'GET /{$}': () => muxReply({ headers: HTML, body: page }),
    'GET /events': () =>
      muxReply({
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
        // A viewer that is too slow for each of them gets the latest.
        body: events$.pipe(onBackpressureBuffer({ overflow: 'dropOldest' })),
      }),
    'GET /traffic': now,
    'GET /hello/{name}': ({ params }) => `Hello, ${params.name}!\n`,
    'POST /echo': ({ body }) => body,
  });
}

/** Looked at once for all who watch, and not at all while nobody does. */
function changes(now: () => Shown): Observable<string> {
  return interval(REFRESH_MS).pipe(
    startWith(0),
    map(() => JSON.stringify(now())),
    distinctUntilChanged(),
    map((json) => `data: ${json}\n\n`),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
}
