import { setTimeout as elapsed } from 'node:timers/promises';
import { timer } from 'rxjs';
import { consume } from '../../dist/index.js';
import { sendPaced } from '../lib/send-paced.mjs';

// Less than a stream takes from a writer that does not wait.
const BURST_BYTES = 200_000;
const ignore = () => {};

/** Reads by subscribing; what it gives tells how reading ended, and lets the reader leave. */
function subscribed(source$, take) {
  let leave;
  const outcome = new Promise((resolve) => {
    const subscription = source$.subscribe({
      next: take,
      complete: () => resolve({ isEnd: true }),
      error: (error) => resolve({ error }),
    });
    leave = () => {
      subscription.unsubscribe();
      resolve({ isLeft: true });
    };
  });
  return { outcome, leave };
}

/** Reads by pulling: `pull` goes on for as long as it is told that nobody left. */
function pulled(pull, onLeave = ignore) {
  let isLeft = false;
  const read = async () => {
    try {
      await pull(() => isLeft);
      return isLeft ? { isLeft } : { isEnd: true };
    } catch (error) {
      return isLeft ? { isLeft } : { error };
    }
  };
  const leave = () => {
    isLeft = true;
    onLeave();
  };
  return { outcome: read(), leave };
}

/** Writes by `next`, all at once where it is little, else paced; half-closes. */
function nextAll(stream, content, onEnd, mayEnd) {
  return new Promise((resolve) => {
    const end = async () => {
      await mayEnd;
      onEnd();
      stream.complete();
      resolve();
    };
    stream.closed$.subscribe(resolve);
    const chunks = content.chunks();
    if (content.size > BURST_BYTES) {
      sendPaced(stream, () => chunks.next().value, end);
      return;
    }
    for (const chunk of chunks) stream.next(chunk);
    void end();
  });
}

/** Writes by the Web Stream; half-closes. A stream that is over ends it early. */
async function writeAll(stream, content, onEnd, mayEnd) {
  const writer = stream.writable.getWriter();
  try {
    for (const chunk of content.chunks()) await writer.write(chunk);
    await mayEnd;
    onEnd();
    await writer.close();
  } catch {
    writer.releaseLock();
  }
}

/**
 * Every way to use a stream, by name: `(stream) => { read(take, pauseMs), write(content, onEnd, mayEnd) }`. `read` gives
 * `{ outcome, leave() }`, and waits for `pauseMs()` after each chunk where the way knows waiting. `write` half-closes once all is
 * written and the promise `mayEnd`, if given, is fulfilled; it calls `onEnd` just before, and gives a promise that never fails.
 */
export const WAYS = {
  subscribe: (stream) => ({
    read: (take) => subscribed(stream, take),
    write: (content, onEnd, mayEnd) => nextAll(stream, content, onEnd, mayEnd),
  }),

  consume: (stream) => ({
    read: (take, pauseMs) =>
      subscribed(
        stream.pipe(
          consume((chunk) => {
            take(chunk);
            return timer(pauseMs());
          }),
        ),
        ignore,
      ),
    write: (content, onEnd, mayEnd) => nextAll(stream, content, onEnd, mayEnd),
  }),

  iterate: (stream) => ({
    read: (take, pauseMs) =>
      pulled(async (isLeft) => {
        for await (const chunk of stream) {
          take(chunk);
          await elapsed(pauseMs());
          if (isLeft()) break;
        }
      }),
    write: (content, onEnd, mayEnd) => writeAll(stream, content, onEnd, mayEnd),
  }),

  web: (stream) => {
    const reader = stream.readable.getReader();
    return {
      read: (take, pauseMs) =>
        pulled(
          async () => {
            for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
              take(value);
              await elapsed(pauseMs());
            }
          },
          () => reader.cancel().catch(ignore),
        ),
      write: (content, onEnd, mayEnd) => writeAll(stream, content, onEnd, mayEnd),
    };
  },

  duplex: (stream) => {
    const duplex = stream.duplex();
    duplex.on('error', ignore);
    return {
      read: (take, pauseMs) =>
        pulled(
          async () => {
            for await (const chunk of duplex.iterator({ destroyOnReturn: false })) {
              take(chunk);
              await elapsed(pauseMs());
            }
          },
          () => duplex.destroy(),
        ),
      write: (content, onEnd, mayEnd) =>
        new Promise((resolve) => {
          if (duplex.destroyed) {
            resolve();
            return;
          }
          const chunks = content.chunks();
          const pump = async () => {
            for (let { done, value } = chunks.next(); !done; { done, value } = chunks.next()) {
              if (!duplex.write(value)) {
                duplex.once('drain', pump);
                return;
              }
            }
            await mayEnd;
            onEnd();
            duplex.end(resolve);
          };
          duplex.once('close', resolve);
          void pump();
        }),
    };
  },
};
