import { map, Observable, takeUntil, timer, type Observer } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { requireConn, type Conn } from '../conn/conn.js';
import { MuxError } from '../errors.js';
import { encodeFrame } from '../wire/encode-frame.js';
import type { Frame } from '../wire/frame.js';
import { Lifecycle } from './lifecycle.js';
import type { MuxStream } from './mux-stream.js';
import type { OpenOptions } from './open-queue.js';
import type { SessionOptions } from './options.js';
import type { SessionClosed } from './session-closed.js';
import { settle } from './settings.js';
import { statsOf, type SessionStats } from './stats.js';

const CLOSE_TIMEOUT_MS = 5000;
const STATS_MS = 1000;
// One for all: a stream that is opened without costs none.
const NO_OPTIONS: OpenOptions = {};

/**
 * Many streams over one connection: **a Subject of frames with `open()` and `accept$`**.
 *
 * Subscribing taps the inbound frames, hot and for any number of subscribers: it completes when the session ends, however it
 * ends, and never errors; unsubscribing ends the tap only. `next` sends a frame as it is, behind the session's back. `complete`
 * is {@link Session.goAway}, `error` ends everything now.
 *
 * A session that ends ends all its streams. Their readers get what arrived before, then the session's own error, or `complete` if the peer's FIN had arrived. `ERR_MUX_CLOSED`: closed by us, `ERR_MUX_GOAWAY`: by the peer, `ERR_MUX_KEEPALIVE`: it is dead,
 * `ERR_MUX_TRANSPORT`: the connection was lost, `ERR_MUX_FRAME`, `ERR_MUX_FLOW_CONTROL`, `ERR_MUX_STREAM_STATE`: it broke the
 * protocol, `ERR_MUX_CALM`: it asked too much, `ERR_MUX_TIMEOUT`: it was too slow.
 *
 * @example
 * ```ts
 * const s = session(conn, { codec: muxado(), role: 'client' });
 * const stream = s.open();
 * of(request).subscribe(stream);
 * stream.pipe(consume((chunk) => save(chunk))).subscribe({ error: (error) => console.error(error.message) });
 * ```
 */
export class Session extends Observable<Frame> implements Observer<Frame> {
  /** The connection that it runs over. */
  readonly conn: Conn;
  /**
   * Streams that the peer opens. Hot, one subscriber at a time, a second errors with `ERR_MUX_SECOND_SUBSCRIBE`. Without a
   * subscriber streams wait, up to `acceptBacklog`; leaving (`take(1)`) loses none. Completes when the session ends, however it
   * ends: {@link Session.closed$} says why. Streams that wait then and have bytes or FIN come first, to a subscriber that takes one within
   * `stallTimeoutMs`. One stream's failure never ends it.
   *
   * Each stream is a Conn, which errors when it is reset or its session is lost: handle that error wherever you read one.
   */
  readonly accept$: Observable<MuxStream>;
  /** How the session ended; emits once and completes, replayed to late subscribers, and never errors. */
  readonly closed$: Observable<SessionClosed>;
  /** Emits and completes when, after {@link Session.goAway}, no stream is left; completes alone when it ends otherwise. */
  readonly drained$: Observable<void>;
  /**
   * Round trips in milliseconds, one per heartbeat and {@link Session.ping}; the last is replayed. Never emits where the
   * protocol answers nothing (smux). Completes with the session.
   */
  readonly rtt$: Observable<number>;
  /** Figures, at once and each second; cold: a timer of its own for each subscriber. Completes with the session. */
  readonly stats$: Observable<SessionStats>;

  /** @internal */
  readonly _life: Lifecycle;

  /** @internal Made by {@link session}. */
  constructor(conn: Conn, options: SessionOptions) {
    super((subscriber) => {
      this._life.taps.add(subscriber);
    });
    const life = new Lifecycle(conn, settle(options));
    this.conn = conn;
    this._life = life;
    this.accept$ = life.core.accepts.accept$;
    this.closed$ = life.closed$;
    this.drained$ = life.drained$;
    this.rtt$ = life.rtt$;
    this.stats$ = timer(0, STATS_MS, life.core.settings.scheduler).pipe(
      map(() => statsOf(life.core)),
      takeUntil(life.closed$),
    );
    life.start();
  }

  /** The streams that are open now, of both sides, the oldest first. */
  get streams(): readonly MuxStream[] {
    return this._life.core.table.streams.values();
  }

  /**
   * Opens a stream, at once: bytes may be written before the peer knows of it. What prevents it comes as an error of the
   * stream: `ERR_MUX_REFUSED`, `ERR_MUX_GOAWAY`, `ERR_MUX_STREAM_LIMIT`, `ERR_MUX_IDS_EXHAUSTED`, or the session's own; its
   * `retryable` tells whether the peer may have acted on it.
   *
   * With muxado 2 the peer hears of it with the first bytes, its end, or `eager`.
   *
   * @throws UsageError `ERR_MUX_OPTION`, or `ERR_MUX_USAGE` for a type where the protocol has none
   */
  open(options: OpenOptions = NO_OPTIONS): MuxStream {
    return this._life.opens.open(options, this._life.whyNotOpen);
  }

  /**
   * Asks the peer for a sign of life: emits the round trip in milliseconds and completes. Cold: a ping for each subscriber.
   * Errors when the session ends first, and with `ERR_MUX_USAGE` where the protocol answers nothing (smux).
   */
  ping(): Observable<number> {
    return new Observable((subscriber) => {
      const error = this._life.whyOver;
      if (error === undefined) this._life.core.heartbeat.ping(subscriber);
      else subscriber.error(error);
    });
  }

  /**
   * Ends the session gracefully: new streams are refused on both sides, those that are open go on to their end, then the
   * connection is closed. {@link Session.drained$} tells when. Has no time limit; {@link Session.close} has.
   */
  goAway(): void {
    this._life.goAway();
  }

  /**
   * Ends the session soon: what was written before is sent, in every way of writing, and later writes are refused: `next` is ignored,
   * others wait and fail with `ERR_MUX_CLOSED`. Then every stream ends and the connection is closed; a stream that had a write refused
   * gets no FIN. As long as bytes leave, `close` waits. When none has left for `timeoutMs` it cuts, and `closed$` says `ERR_MUX_TIMEOUT`.
   * A second call does nothing. For a limit in all, call {@link Session.error} when your own time is up.
   *
   * @param options - `timeoutMs`: milliseconds without a byte that leaves, 0 or more, 5000 if left out
   */
  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): void {
    checkWholeNumber('timeoutMs', timeoutMs, 0, 0x7fff_ffff);
    this._life.close(timeoutMs);
  }

  /** Sends a frame as it is, before any data that waits. The session's own books don't know of it: for extensions and tests. */
  next(frame: Frame): void {
    const { core, isOver } = this._life;
    if (!isOver) core.writer.raw(encodeFrame(core.codec, frame));
  }

  /** The same as {@link Session.goAway}. */
  complete(): void {
    this._life.goAway();
  }

  /** Ends the session now: the peer gets a GoAway where the protocol has one, unsent bytes are lost. */
  error(reason: unknown): void {
    const facts = { scope: 'session', initiator: 'local' } as const;
    const isOurs = MuxError.is(reason) && reason.scope === 'session';
    this._life.abort(
      isOurs ? reason : new MuxError('ERR_MUX_ABORT', 'the session was ended', { ...facts, cause: reason }),
    );
  }
}

/**
 * Runs a session over a connection, which from then on is the session's: it reads it, writes it, and closes it.
 *
 * @param conn - any Conn without a reader: a socket's, a stream's of another session, or a sniffed one
 * @param options - the codec, this end's role, and limits
 * @throws UsageError `ERR_MUX_OPTION` for an option out of range
 * @example
 * ```ts
 * const s = session(conn, { codec: yamux(), role: 'server' });
 * s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());   // echo
 * ```
 */
export function session(conn: Conn, options: SessionOptions): Session {
  requireConn('session', conn);
  return new Session(conn, options);
}
