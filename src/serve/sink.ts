import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { asyncScheduler, firstValueFrom, type Observer, type SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { PassingMap } from '../conn/passing-map.js';
import { UsageError } from '../errors.js';
import { allClosed, OpenStreams } from './open-streams.js';
import { ServedServer, type ServerKind } from './served-server.js';

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

/** A sink for a server of Node that takes streams by 'connection'. */
export function serverSink<S extends Server>(server: S, kind: ServerKind<S>): Sink {
  const served = ServedServer.of(server, kind);
  served.join();
  // Not the sink, so the sink can be collected while its connections are open.
  const owner = {};
  return sinkOf(
    (conn) => {
      if (served.isClosing) conn._destroy(undefined, false);
      else handOver(conn, (stream) => served.take(stream, owner));
    },
    async (options) => {
      const streams = served.streams.of(owner);
      const drained = served.drain(streams);
      await endInTime(streams, options);
      drained?.();
      served.leave();
    },
  );
}

/** A sink for any other consumer of a stream. */
export function streamSink(take: (stream: Duplex) => void, drain: () => void): Sink {
  const open = new OpenStreams();
  return sinkOf(
    (conn) => {
      handOver(conn, (stream) => {
        open.add(stream, open);
        take(stream);
      });
    },
    (options) => {
      drain();
      return endInTime(open.of(), options);
    },
  );
}

function handOver(conn: Conn, take: (stream: Duplex) => void): void {
  const stream = conn.duplex();
  // Closed since it was emitted; servers expect live sockets. Its error may still come.
  if (stream.destroyed) stream.on('error', () => undefined);
  else take(stream);
}

function endInTime(streams: readonly Duplex[], options: SinkCloseOptions): Promise<void> {
  const cut = (): void => {
    for (const stream of streams) stream.destroy();
  };
  return goneInTime(allClosed(streams), cut, options);
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
