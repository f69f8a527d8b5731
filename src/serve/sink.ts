import { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { asyncScheduler, firstValueFrom, type Observer, type SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { PassingMap } from '../conn/passing-map.js';
import { UsageError } from '../errors.js';

/** Settings of {@link Sink.close}. */
export interface SinkCloseOptions {
  /** Milliseconds that open connections get to end by themselves, 0 to 2147483647. @defaultValue 10000 */
  readonly graceMs?: number;
  /** The clock of the grace time. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/**
 * An Observer that hands each connection to a real server: `http1$.subscribe(toHttp(server))`.
 *
 * It has neither `error` nor `complete`. rxjs reports an error of the source, such as a port that is taken. When no more
 * connections come, those that were handed over live on.
 */
export interface Sink extends Pick<Observer<Conn>, 'next'> {
  /**
   * Ends what was handed over, gracefully where the protocol knows how, and destroys what is left after `graceMs`. Resolves
   * once all of it is closed; a connection that comes later is closed at once. A second call returns the first promise.
   *
   * @throws UsageError `ERR_MUX_OPTION` for a `graceMs` out of range
   */
  close(options?: SinkCloseOptions): Promise<void>;
}

const GRACE_MS = 10_000;
const LONGEST_MS = 2 ** 31 - 1;
const FIRST_SWEEP = 64;

/**
 * The streams that were handed over and are not closed yet, kept without a listener on any of them: the closed ones are swept
 * out when the list has doubled, so at most as many of them are kept as are open, or 64.
 */
export class OpenStreams {
  #streams: Duplex[] = [];
  #sweepAt = FIRST_SWEEP;

  add(stream: Duplex): void {
    if (this.#streams.length >= this.#sweepAt) this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.all().length);
    this.#streams.push(stream);
  }

  all(): readonly Duplex[] {
    this.#streams = this.#streams.filter((stream) => !stream.closed);
    return this.#streams;
  }
}

/** What differs from one server kind to the next. */
export interface HandOver {
  /** Gives the stream to the server, which from within this call owns its errors. */
  readonly take: (stream: Duplex) => void;
  /** Asks the open connections to end. What it returns is called when they have. */
  readonly drain?: () => (() => void) | undefined;
}

/** A sink for servers that take a Node stream. */
export function streamSink(open: OpenStreams, { take, drain }: HandOver): Sink {
  return sinkOf(
    (conn) => {
      const stream = conn.duplex();
      if (stream.destroyed) {
        // Gone since it was emitted; servers expect live sockets. Its error may be on the way still.
        stream.on('error', () => undefined);
        return;
      }
      open.add(stream);
      take(stream);
    },
    async (options) => {
      const drained = drain?.();
      const streams = open.all();
      const gone = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
      const cut = (): void => {
        for (const stream of streams) stream.destroy();
      };
      await goneInTime(Promise.all(gone), cut, options);
      drained?.();
    },
  );
}

/** A sink of what it does with a connection and how it ends them all. */
function sinkOf(take: (conn: Conn) => void, end: (options: SinkCloseOptions) => Promise<void>): Sink {
  let closing: Promise<void> | undefined;
  return {
    next(conn) {
      if (closing === undefined) take(conn);
      else conn._destroy(undefined, false);
    },
    close(options = {}) {
      const { graceMs = GRACE_MS } = options;
      if (!(graceMs >= 0 && graceMs <= LONGEST_MS)) {
        throw new UsageError('ERR_MUX_OPTION', `graceMs is from 0 to ${LONGEST_MS}, not ${graceMs}`);
      }
      return (closing ??= end(options));
    },
  };
}

/** A sink for connections that are answered here: those that are open when it closes end by themselves, or are cut. */
export function connSink(answer: (conn: Conn) => void): Sink {
  const open = new PassingMap<Conn, Conn>();
  return sinkOf(
    (conn) => {
      open.set(conn, conn);
      conn.closed$.subscribe(() => open.delete(conn));
      answer(conn);
    },
    (options) => {
      const gone = Array.from(open.values(), ({ closed$ }) => firstValueFrom(closed$));
      const cut = (): void => {
        for (const conn of open.values()) conn._destroy(undefined, false);
      };
      return goneInTime(Promise.all(gone), cut, options);
    },
  );
}

/** Waits until all is gone; calls `cut` when the grace time is over before that. */
async function goneInTime(gone: Promise<unknown>, cut: () => void, options: SinkCloseOptions): Promise<void> {
  const { graceMs = GRACE_MS, scheduler = asyncScheduler } = options;
  const deadline = scheduler.schedule(cut, graceMs);
  await gone;
  deadline.unsubscribe();
}

const announced = new WeakSet<Server>();

/**
 * Makes a server that never listens behave like one that does. Node's http sets up the list of connections behind
 * `headersTimeout`, `requestTimeout` and `closeAllConnections` on 'listening' only.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no server
 */
export function announceListening(server: Server): void {
  // An application of express is no server, but has an `emit` that would take each connection and do nothing with it.
  if (!(server instanceof Server)) {
    throw new UsageError('ERR_MUX_OPTION', 'connections go to a server, for example http.createServer(listener)');
  }
  if (server.listening || announced.has(server)) return;
  announced.add(server);
  server.emit('listening');
}
