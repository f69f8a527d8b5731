import type { EventEmitter } from 'node:events';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { asyncScheduler, concat, fromEvent, interval, takeUntil, type SchedulerLike } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';

const PROBE_MS = 60_000;
// Time for a PING to a session without a request and for its answer, on any link.
const FIRST_PROBE_MS = 5000;
const LONGEST_MS = 2 ** 31 - 1;

/** How sinks of HTTP/2 detect that a client is gone. */
export interface ProbeOptions {
  /**
   * Milliseconds between two PINGs to a client, 1 to 2147483647; a session that sends no byte between two is destroyed. Until the
   * first request of a session the time is 5000 at most. @defaultValue 60000
   */
  readonly probeMs?: number;
  /** The clock of these times. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** @throws UsageError `ERR_MUX_OPTION` for a time out of range */
export function checkProbe({ probeMs }: ProbeOptions): void {
  checkWholeNumber('probeMs', probeMs, 1, LONGEST_MS);
}

/**
 * Makes a session of `node:http2`, or the server that tells of its streams, not announce a stream that is over already.
 *
 * The first bytes after sniffing reach nghttp2 from JavaScript, where no tick runs between two frames. Behind HEADERS and
 * RST_STREAM in one packet the handler would get a dead stream, and its `respond()` would end the process
 * (`ERR_HTTP2_INVALID_STREAM`). From a socket that Node reads itself, the handler runs before the second frame is read.
 */
export function announceLiving(emitter: EventEmitter): void {
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (event, ...values: unknown[]) => {
    const stream = values[0] as ServerHttp2Stream;
    if (event !== 'stream' || !(stream.destroyed || stream.closed)) return emit(event, ...values);
    // Its error may be on the way still, and nobody else listens.
    stream.on('error', () => undefined);
    stream.destroy();
    return false;
  };
}

/**
 * Sends PING every `probeMs`, and destroys a session that nothing was read from between two of them.
 *
 * After some broken frames (a length over the limit, DATA on stream 0) nghttp2 says GOAWAY and reads no more, but Node tells of
 * no error: without this the socket would stay open for good, even when the client has left. Until its first request a session costs
 * its client nothing, so its time is short.
 *
 * A client that resets its connection below TLS leaves a write that never ends. `destroy` of the session waits for it, so the carrier is
 * destroyed as well: the stream below the session, if it was handed over.
 */
export function endWhenSilent(
  session: Http2Session,
  { probeMs = PROBE_MS, scheduler = asyncScheduler }: ProbeOptions = {},
  carrier?: Duplex,
): void {
  const asked$ = fromEvent(session, 'stream');
  const before$ = interval(Math.min(probeMs, FIRST_PROBE_MS), scheduler).pipe(takeUntil(asked$));
  let read: number | undefined;
  const probing = concat(before$, interval(probeMs, scheduler)).subscribe(() => {
    if (session.destroyed) return;
    const { bytesRead } = session.socket;
    if (bytesRead === read) {
      session.destroy();
      carrier?.destroy();
    } else session.ping(() => undefined);
    read = bytesRead;
  });
  session.once('close', () => {
    probing.unsubscribe();
  });
}
