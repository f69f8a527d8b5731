import { STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  finalize,
  fromEvent,
  ignoreElements,
  isObservable,
  map,
  Observable,
  of,
  repeat,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { MuxError, UsageError } from '../errors.js';
import { consume } from '../flow/consume.js';
import { drained } from './mux-body.js';

// RFC 9113 section 7
const HTTP2_INTERNAL_ERROR = 0x2;

/** A piece of a streamed body. */
export type MuxChunk = string | Uint8Array;

/**
 * What a response can be made of: an Observable or an async iterable of chunks is streamed, as
 * `application/octet-stream`; a string is `text/plain; charset=utf-8`, a Uint8Array `application/octet-stream`, any
 * other value JSON; nothing is 204.
 *
 * An async iterable (a Node or Web stream, an async generator) is pulled at the client's pace, and a Conn or the
 * request's body is held back. Any other Observable can't be: at most 1 MiB waits for a slow client, and more ends
 * the response with `ERR_MUX_OVERFLOW`. Make big bodies of iterables, or choose a bound or policy with
 * `onBackpressureBuffer`.
 */
export type MuxBody =
  Observable<MuxChunk> | AsyncIterable<MuxChunk> | string | number | boolean | object | null | undefined;

/** Parts of a {@link muxReply}. */
export interface MuxReplyInit {
  /** 200 to 599. @defaultValue 200, or 204 without a body */
  readonly status?: number;
  /** Win over the defaults, except `transfer-encoding` and the length of a body that is not streamed. */
  readonly headers?: OutgoingHttpHeaders;
  /** What to answer with. @defaultValue nothing */
  readonly body?: MuxBody;
}

/** An answer with a status and headers; made by {@link muxReply}. */
export class MuxReply {
  /** Status code, 200 to 599. */
  readonly status: number;
  /** Headers of its own; empty when it has none. */
  readonly headers: OutgoingHttpHeaders;
  /** What to answer with. */
  readonly body: MuxBody;

  /** @internal */
  constructor({ body, status = body == null ? 204 : 200, headers = {} }: MuxReplyInit) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new UsageError('ERR_MUX_OPTION', `status is a whole number from 200 to 599, not ${status}`);
    }
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/**
 * What a handler returns to set the status or headers too.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a status out of range
 * @example
 * ```ts
 * serveMux({ 'POST /items': () => muxReply({ status: 201, headers: { location: '/items/7' }, body: { id: 7 } }) });
 * ```
 */
export function muxReply(init: MuxReplyInit): MuxReply {
  return new MuxReply(init);
}

/** The plain answer for a status: its name. */
export function statusReply(status: number, headers: OutgoingHttpHeaders = {}): MuxReply {
  return new MuxReply({ status, headers, body: `${STATUS_CODES[status] ?? 'Error'}\n` });
}

/** One request and what it takes to answer it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Gives a {@link MuxBody}, a {@link MuxReply}, or a promise of one. */
  readonly handle: () => unknown;
  readonly onError: (error: unknown) => void;
}

/**
 * Runs a handler and sends what it gives; when the client leaves, what it gave is unsubscribed. Headers go with the
 * first chunk, so an error before is a 500; after, the response is cut off, for the client to see that it is
 * incomplete.
 */
export function answer(exchange: Exchange): void {
  const { req, res } = exchange;
  defer(() => {
    const result = exchange.handle();
    return isPromiseLike(result) ? result : of(result);
  })
    .pipe(
      concatMap((result) =>
        send(result instanceof MuxReply ? result : new MuxReply({ body: result as MuxBody }), exchange),
      ),
      takeUntil(fromEvent(res, 'close')),
    )
    .subscribe({
      error: (error: unknown) => {
        // Too large a request is the client's fault, and the reply says so.
        const isTooLarge = MuxError.is(error) && error.code === 'ERR_MUX_OVERFLOW' && error.initiator === 'remote';
        if (res.headersSent) cutOff(res);
        else {
          for (const name of res.getHeaderNames()) res.removeHeader(name);
          sendFixed(isTooLarge ? statusReply(413, hangUp(req)) : statusReply(500), res);
        }
        if (!isTooLarge) exchange.onError(error);
      },
    });
}

/** The header that ends a connection after the response; HTTP/2 has none. */
export function hangUp(req: IncomingMessage): OutgoingHttpHeaders {
  return req.httpVersionMajor === 1 ? { connection: 'close' } : {};
}

function send(reply: MuxReply, exchange: Exchange): Observable<never> {
  const { req, res } = exchange;
  const { body } = reply;
  if (!isObservable(body) && !isAsyncIterable(body)) {
    sendFixed(reply, res);
    return EMPTY;
  }
  setHead(reply, 'application/octet-stream', res);
  // HEAD runs as far as GET does before its headers are known, and the first emission ends it.
  const write =
    req.method === 'HEAD'
      ? () => of(true)
      : (chunk: Uint8Array) => (res.write(chunk) ? EMPTY : drained(res).pipe(ignoreElements()));
  const sent$ = isObservable(body)
    ? push(body as Observable<MuxChunk>, write)
    : pull(body as AsyncIterable<MuxChunk>, write, exchange);
  return sent$.pipe(
    take(1),
    ignoreElements(),
    tap({
      complete: () => {
        res.end();
      },
    }),
  );
}

type Write = (chunk: Uint8Array) => Observable<unknown>;

function push(body: Observable<MuxChunk>, write: Write): Observable<unknown> {
  // A source that can be held back is one of bytes, and must reach `consume` as it is.
  const bytes$ = '_read' in body ? (body as Observable<Uint8Array>) : body.pipe(map(toBytes));
  return bytes$.pipe(
    consume(write),
    // On its way through `consume` a foreign error becomes a MuxError; `onError` gets the original error.
    catchError((error: unknown) => {
      throw MuxError.is(error) && error.code === 'ERR_MUX_ABORT' ? (error.cause ?? error) : error;
    }),
  );
}

/** Asks for a chunk when the one before is written; emits at the end. */
function pull(body: AsyncIterable<MuxChunk>, write: Write, { onError }: Exchange): Observable<unknown> {
  return defer(() => {
    const chunks = body[Symbol.asyncIterator]();
    const close = async (): Promise<unknown> => chunks.return?.();
    return defer(() => chunks.next()).pipe(
      concatMap(({ done, value }) => (done === true ? of(done) : write(toBytes(value)))),
      repeat(),
      finalize(() => void close().catch(onError)),
    );
  });
}

function sendFixed(reply: MuxReply, res: ServerResponse): void {
  const [type, bytes] = encode(reply.body);
  setHead(reply, type, res);
  if (reply.status !== 204 && reply.status !== 304) res.setHeader('content-length', bytes.length);
  res.end(bytes);
}

function setHead({ status, headers }: MuxReply, type: string | undefined, res: ServerResponse): void {
  res.statusCode = status;
  if (type !== undefined) res.setHeader('content-type', type);
  for (const [name, value] of Object.entries(headers)) {
    // How a body is framed is the server's to say; two ways at once are how requests get smuggled.
    if (value !== undefined && name.toLowerCase() !== 'transfer-encoding') res.setHeader(name, value);
  }
  // Else a wrong content-length would let the next response begin inside of this one.
  res.strictContentLength = true;
}

function encode(body: MuxBody): [type: string | undefined, bytes: Uint8Array] {
  if (body == null) return [undefined, new Uint8Array(0)];
  if (typeof body === 'string') return ['text/plain; charset=utf-8', Buffer.from(body)];
  if (body instanceof Uint8Array) return ['application/octet-stream', body];
  const json = JSON.stringify(body) as string | undefined;
  if (json === undefined) throw new TypeError(`a ${typeof body} is no response body`);
  return ['application/json', Buffer.from(json)];
}

function toBytes(chunk: MuxChunk): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if ((chunk as unknown) instanceof Uint8Array) return chunk;
  throw new TypeError(`a streamed body is made of strings and Uint8Arrays, not of ${typeof chunk}`);
}

function cutOff(res: ServerResponse | Http2ServerResponse): void {
  if (res.writableEnded) return;
  if ('stream' in res) res.stream.close(HTTP2_INTERNAL_ERROR);
  else res.destroy();
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
