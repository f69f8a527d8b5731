import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fromEvent, lastValueFrom, merge, switchMap, take, takeUntil } from 'rxjs';
import { MuxError } from '../errors.js';
import { dialSession } from '../net/dial-session.js';
import type { MuxStream } from '../session/mux-stream.js';
import type { OpenOptions } from './args.js';
import { codecs } from './codecs.js';

/**
 * Opens a session and a stream in it, sends stdin there and what comes back to stdout; resolves when the other end has ended
 * the stream, or at SIGINT or SIGTERM. Errors as `dialSession`, with what ended the stream early, and `ERR_MUX_ABORT` when
 * stdout is closed.
 */
export async function open({ url, codec }: OpenOptions): Promise<void> {
  const stop$ = merge(fromEvent(process, 'SIGINT'), fromEvent(process, 'SIGTERM'));
  const done$ = dialSession(url, { codec: codecs[codec] }).pipe(
    // Open at once: the other end may send first.
    switchMap((session) => carry(session.open({ eager: true }))),
    take(1),
    takeUntil(stop$),
  );
  try {
    await lastValueFrom(done$, { defaultValue: undefined });
  } catch (error) {
    // A stdout without a reader fails in Node's own way.
    throw MuxError.from(error);
  } finally {
    // A terminal has no end of its own, and would keep the process alive.
    process.stdin.destroy();
  }
}

async function carry(stream: MuxStream): Promise<void> {
  const sending = Readable.toWeb(process.stdin).pipeTo(stream.writable);
  // A stdin that fails resets the stream, and so the pipeline fails with it, as with a stream that breaks. What is left to fail here
  // alone is sending on after the other end closed the stream in order, which is no fault.
  sending.catch(() => undefined); // The pipeline below reports it.
  await pipeline(stream, process.stdout, { end: false });
}
