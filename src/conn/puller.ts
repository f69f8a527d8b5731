import { unpinned } from '../bytes/unpinned.js';
import type { Intake, Reading } from './reading.js';

interface Source {
  _read(intake: Intake): Reading;
}

interface Waiting {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/**
 * Turns the pushed bytes of a connection into pulls: the connection goes on only while a pull waits, so nothing is
 * held here, and a chunk counts as consumed when it is handed to the one who asked.
 */
export class Puller implements AsyncIterator<Uint8Array, undefined> {
  readonly #reading: Reading;
  readonly #waiting: Waiting[] = [];
  #ended: { readonly error?: unknown } | undefined;

  constructor(source: Source) {
    this.#reading = source._read({
      next: (chunk) => {
        // A slow consumer keeps the chunk for as long as it works on it.
        this.#waiting.shift()?.resolve({ done: false, value: unpinned(chunk) });
        if (this.#waiting.length === 0) this.#reading.pause();
        this.#reading.consumed(chunk.length);
      },
      complete: () => {
        this.#end({});
      },
      error: (error) => {
        this.#end({ error });
      },
    });
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        settle({ resolve, reject }, this.#ended);
        return;
      }
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1) this.#reading.resume();
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#reading.cancel();
    this.#end({});
    return Promise.resolve(DONE);
  }

  readable(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const pulled = await this.next();
          if (pulled.done === true) controller.close();
          else controller.enqueue(pulled.value);
        },
        cancel: async () => {
          await this.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #end(how: { readonly error?: unknown }): void {
    this.#ended ??= how;
    for (const waiting of this.#waiting.splice(0)) settle(waiting, this.#ended);
  }
}

function settle(waiting: Waiting, how: { readonly error?: unknown }): void {
  if (how.error === undefined) waiting.resolve(DONE);
  else waiting.reject(how.error);
}
