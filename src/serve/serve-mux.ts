import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { UsageError } from '../errors.js';
import { RequestBody } from './mux-body.js';
import type { ParamsOf } from './mux-pattern.js';
import { answer, hangUp, muxReply, statusReply, type MuxBody, type MuxReply } from './mux-reply.js';
import { paramsOf, parseRoutes, type Route } from './mux-routes.js';
import { parseTarget, type MuxTarget } from './mux-target.js';
import { printable } from '../printable.js';
import { requestAuthority } from './request-authority.js';
import type { RouteTable } from './route-table.js';

/**
 * A request, as a handler gets it.
 * @typeParam P - the pattern that matched, as a literal
 */
export interface MuxRequest<P extends string = string> {
  /** What the wildcards stand for, decoded: a value may hold `/` and `..`, so check it before it names a file. */
  readonly params: ParamsOf<P>;
  /** The query, decoded; empty when the target has none. */
  readonly query: URLSearchParams;
  /** As received: `HEAD` when a `GET` route serves it. */
  readonly method: string;
  /** The host asked for, lower case, without a dot at its end or a port; empty when the request names none. */
  readonly host: string;
  /** The request target as received. */
  readonly url: string;
  /** Header fields as Node gives them: names in lower case; HTTP/2's `:path` and the like included. */
  readonly headers: IncomingHttpHeaders;
  /** The bytes of the body, to be read once; at most `maxBodyBytes`. */
  readonly body: RequestBody;
  /** Node's own request; that of HTTP/2's compatibility API where the server speaks HTTP/2. */
  readonly req: IncomingMessage;
  /** Node's own response, likewise. A handler that answers through it by itself returns rxjs' `NEVER`. */
  readonly res: ServerResponse;
}

/** Answers a request with a body, with a {@link muxReply}, or with a promise of one of them. */
export type MuxHandler<P extends string = string> = (
  request: MuxRequest<P>,
) => MuxBody | MuxReply | PromiseLike<MuxBody | MuxReply>;

/** Settings of {@link serveMux}. */
export interface ServeMuxOptions {
  /**
   * Gets what handlers throw and their bodies error with; the client gets none of it.
   * @defaultValue `process.emitWarning`, with the error, control characters escaped
   */
  readonly onError?: (error: unknown, request: IncomingMessage) => void;
  /** Bytes of a body that a handler can read; 0 or more, `Infinity` for no limit. @defaultValue 10485760 (10 MiB) */
  readonly maxBodyBytes?: number;
}

/** A request listener for servers of `node:http` and, through its compatibility API, `node:http2`. */
export type MuxListener = (
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
) => void;

const MAX_BODY_BYTES = 10 << 20;

/**
 * A router with the patterns and precedence of Go's `http.ServeMux` (1.22 and later), whose handlers return
 * Observables or plain values. The most specific pattern wins, whatever the order; GET serves HEAD; another method is
 * 405 with `Allow`; an unclean path, and one that lacks its final slash, is redirected (301, or 307 where method and
 * body must be kept); `OPTIONS *` is 200, any other target that is no path 400. A request whose host is malformed or
 * ambiguous (`Host` twice, another one than `:authority`) is 400.
 *
 * A client that leaves unsubscribes what its handler returned. A handler that throws is a 500 that tells nothing.
 *
 * @throws UsageError `ERR_MUX_ROUTE` for a bad pattern and for two that conflict, `ERR_MUX_OPTION` for a bad option
 * @example
 * ```ts
 * http$.subscribe(toHttp(http.createServer(serveMux({
 *   'GET /items/{id}': ({ params }) => items.get(params.id) ?? muxReply({ status: 404 }),
 *   'GET /clock': () => interval(1000).pipe(map((n) => `${n}\n`)),
 *   'POST /upload': ({ body }) => body.pipe(consume((chunk) => save(chunk)), ignoreElements()),
 *   'api.example.com/{rest...}': ({ params }) => ({ path: params.rest }),
 * }))));
 * ```
 */
export function serveMux<R extends { readonly [P in keyof R]: MuxHandler<P & string> }>(
  routes: R,
  options: ServeMuxOptions = {},
): MuxListener {
  const parsed = parseRoutes(Object.entries<MuxHandler>(routes));
  const { maxBodyBytes = MAX_BODY_BYTES, onError = warn } = options;
  if (!(maxBodyBytes >= 0))
    throw new UsageError('ERR_MUX_OPTION', `maxBodyBytes is a number from 0, not ${maxBodyBytes}`);
  // find-my-way takes a third as long to load as rxjs does: a program without routes need not wait for it.
  const loaded = import('./route-table.js').then(({ RouteTable }) => new RouteTable(parsed));
  return (someReq, someRes) => {
    // HTTP/2's compatibility objects stand in for these.
    const req = someReq as IncomingMessage;
    const res = someRes as ServerResponse;
    const start = (): void => {
      answer({
        req,
        res,
        handle: () => loaded.then((table) => route(table, req, res, maxBodyBytes)),
        onError: (error) => {
          onError(error, req);
        },
      });
    };
    // A pipelined request waits for its turn, as in Go: its response would not be told when the client leaves.
    if (res.socket === null) res.once('socket', start);
    else start();
  };
}

function route(
  table: RouteTable<MuxHandler>,
  req: IncomingMessage,
  res: ServerResponse,
  maxBodyBytes: number,
): ReturnType<MuxHandler> {
  const { method = '', url = '', headers } = req;
  const authority = requestAuthority(req);
  if (authority !== undefined && url === '*' && method === 'OPTIONS') return muxReply({ status: 200 });
  const target = authority === undefined ? undefined : parseTarget(method, url, authority);
  if (target === undefined) return statusReply(400, hangUp(req));
  const { host, segments, query } = target;
  const found = table.find(host, method, segments);
  const path = needsSlash(table, method, target, found) ? `${target.path}/` : target.path;
  if (path !== target.path || !target.isClean) return redirect(method, path, query);
  if (found === undefined) return refuse(table, target);
  const { pattern, handler } = found;
  const params = paramsOf(pattern, segments);
  const body = new RequestBody(req, res, maxBodyBytes);
  return handler({ params, query: new URLSearchParams(query), method, host, url, headers, body, req, res });
}

/** True when the path is not registered itself, but the same one with a final slash is. */
function needsSlash(
  table: RouteTable<MuxHandler>,
  method: string,
  target: MuxTarget,
  found: Route<MuxHandler> | undefined,
): boolean {
  const { host, segments } = target;
  if (segments.at(-1) === '' || (found !== undefined && found.pattern.segments.at(-1)?.kind !== 'rest')) return false;
  const below = table.find(host, method, [...segments, '']);
  return below?.pattern.segments.length === segments.length + 1;
}

function redirect(method: string, path: string, query: string): MuxReply {
  // Browsers take a backslash for a slash, and two of those for a host.
  const location = path.replaceAll('\\', '%5C') + (query === '' ? '' : `?${query}`);
  return muxReply({ status: method === 'GET' || method === 'HEAD' ? 301 : 307, headers: { location } });
}

function refuse(table: RouteTable<MuxHandler>, { host, segments }: MuxTarget): MuxReply {
  const allowed = table.methods(host, segments);
  return allowed.length === 0 ? statusReply(404) : statusReply(405, { allow: allowed.join(', ') });
}

function warn(error: unknown): void {
  // The message may quote the request; the frames behind it are our own.
  const message = String(error);
  const stack = error instanceof Error && error.stack?.startsWith(message) ? error.stack.slice(message.length) : '';
  process.emitWarning(`a handler failed: ${printable(message)}${stack}`, 'ServeMuxWarning');
}
