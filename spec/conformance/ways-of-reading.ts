import { NEVER, type Observable } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { consume } from '../../src/flow/consume.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { paced } from '../../src/flow/paced.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

/** Reads a connection to its end; says so each time that bytes count as consumed. */
type Way = (stream: Conn, consumed: (bytes: number) => void) => Promise<void>;

// What a callback is given is consumed once the callback, or its work, is over: when the next one begins.
class Turns {
  #last = 0;

  constructor(readonly consumed: (bytes: number) => void) {}

  next(chunk: Uint8Array): void {
    this.over();
    this.#last = chunk.length;
  }

  over(): void {
    if (this.#last > 0) this.consumed(this.#last);
    this.#last = 0;
  }
}

/** Every way to read a connection. */
export const WAYS: readonly (readonly [name: string, way: Way])[] = [
  [
    'subscribe',
    (stream, consumed) =>
      new Promise((resolve, reject) => {
        const turns = new Turns(consumed);
        stream.subscribe({
          next: (chunk) => {
            turns.next(chunk);
          },
          complete: () => {
            turns.over();
            resolve();
          },
          error: reject,
        });
      }),
  ],
  [
    'consume',
    (stream, consumed) =>
      new Promise((resolve, reject) => {
        const turns = new Turns(consumed);
        const work = (chunk: Uint8Array): Promise<void> => {
          turns.next(chunk);
          return new Promise((done) => {
            setImmediate(done);
          });
        };
        stream.pipe(consume(work)).subscribe({
          complete: () => {
            turns.over();
            resolve();
          },
          error: reject,
        });
      }),
  ],
  [
    'paced',
    (stream, consumed) =>
      new Promise((resolve, reject) => {
        const turns = new Turns(consumed);
        const [to, end] = memoryPipe({ capacityBytes: 1000 });
        end.pipe(consume(() => Promise.resolve())).subscribe();
        stream.pipe(paced(to)).subscribe({
          next: (chunk) => {
            turns.next(chunk);
            to.next(chunk);
          },
          complete: () => {
            turns.over();
            resolve();
          },
          error: reject,
        });
      }),
  ],
  [
    'for await',
    async (stream, consumed) => {
      for await (const chunk of stream) consumed(chunk.length);
    },
  ],
  [
    'readable',
    async (stream, consumed) => {
      const reader = stream.readable.getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        consumed(value.length);
      }
    },
  ],
  [
    'duplex',
    (stream, consumed) =>
      new Promise((resolve, reject) => {
        const duplex = stream.duplex();
        duplex.on('end', resolve).on('error', reject);
        duplex.on('readable', () => {
          for (;;) {
            const chunk = (duplex.read(500) ?? duplex.read()) as Uint8Array | null;
            if (chunk === null) return;
            consumed(chunk.length);
          }
        });
      }),
  ],
];

/** Ways to read that have begun on some bytes and get no further. */
export const BUSY: readonly (readonly [name: string, read: (stream: Conn) => Observable<never>])[] = [
  ['consume', (stream) => stream.pipe(consume(() => NEVER, { concurrency: 1000 }))],
  ['flowTo', (stream) => stream.pipe(flowTo(memoryPipe({ capacityBytes: 1 })[0]))],
];

/** Every way to leave a connection before its end. */
export const EXITS: readonly (readonly [name: string, leave: (stream: Conn) => Promise<unknown> | undefined])[] = [
  [
    'unsubscribe',
    (stream) => {
      stream.subscribe().unsubscribe();
      return undefined;
    },
  ],
  [
    'unsubscribing consume',
    (stream) => {
      stream
        .pipe(consume(() => Promise.resolve()))
        .subscribe()
        .unsubscribe();
      return undefined;
    },
  ],
  [
    'break',
    async (stream) => {
      for await (const chunk of stream) if (chunk.length > 0) break;
    },
  ],
  ['cancel of readable', (stream) => stream.readable.cancel(new Error('enough'))],
  [
    'destroy of the duplex',
    (stream) => {
      stream.duplex().destroy();
      return undefined;
    },
  ],
];

/** Every way to reset a connection. */
export const RESETS: readonly (readonly [name: string, reset: (stream: Conn) => void])[] = [
  [
    'error',
    (stream) => {
      stream.error(new Error('no more'));
    },
  ],
  [
    'abort of writable',
    (stream) => {
      void stream.writable.abort(new Error('no more'));
    },
  ],
  [
    'destroy of the duplex with an error',
    (stream) => {
      stream
        .duplex()
        .on('error', () => undefined)
        .destroy(new Error('no more'));
    },
  ],
];
