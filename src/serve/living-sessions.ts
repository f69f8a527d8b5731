import type { EventEmitter } from 'node:events';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { asyncScheduler, interval, type SchedulerLike } from 'rxjs';

/** Milliseconds between two PINGs to a client. */
const PROBE_MS = 60_000;

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
 * Sends PING once a minute, and destroys a session that nothing was read from between two of them.
 *
 * After some broken frames (a length over the limit, DATA on stream 0) nghttp2 says GOAWAY and reads no more, but Node tells of
 * no error: without this the socket would stay open for good, even when the client has left.
 */
export function endWhenSilent(session: Http2Session, scheduler: SchedulerLike = asyncScheduler): void {
  let read: number | undefined;
  const probing = interval(PROBE_MS, scheduler).subscribe(() => {
    if (session.destroyed) return;
    const { bytesRead } = session.socket;
    if (bytesRead === read) session.destroy();
    else session.ping(() => undefined);
    read = bytesRead;
  });
  session.once('close', () => {
    probing.unsubscribe();
  });
}
