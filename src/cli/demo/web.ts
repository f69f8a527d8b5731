import { distinctUntilChanged, interval, map, merge, startWith, takeUntil, type Observable } from 'rxjs';
import { page } from '../../dashboard/page.js';
import type { Traffic } from '../../observe/traffic.js';
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

/** The demo's pages: the live table, its events (which end with `closing$`), the same as JSON, a greeting and an echo. */
export function web(traffic: Traffic, closing$: Observable<unknown>): MuxListener {
  return serveMux({
    'GET /{$}': () => muxReply({ headers: HTML, body: page }),
    'GET /events': () =>
      muxReply({
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
        body: merge(changes(traffic), interval(HEARTBEAT_MS).pipe(map(() => ':\n\n'))).pipe(takeUntil(closing$)),
      }),
    'GET /traffic': () => traffic.snapshot(),
    'GET /hello/{name}': ({ params }) => `Hello, ${params.name}!\n`,
    'POST /echo': ({ body }) => body,
  });
}

function changes(traffic: Traffic): Observable<string> {
  return interval(REFRESH_MS).pipe(
    startWith(0),
    map(() => JSON.stringify(traffic.snapshot())),
    distinctUntilChanged(),
    map((json) => `data: ${json}\n\n`),
  );
}
