import type { Duplex } from 'node:stream';
import { unpinned } from '../bytes/unpinned.js';
import { neverSent, type WriteDone } from '../conn/lent.js';

const NOTHING = new Uint8Array(0);
// So many chunks may wait in a stream of Node, each for some 300 bytes besides its own.
const MANY_CHUNKS = 32;
// A copy of fewer bytes costs little beside the write, and the system may leave the write waiting.
const SMALL_BYTES = 1024;

/** Writes to a Duplex, and waits until it takes more. */
export class DuplexWriting {
  readonly #duplex: Duplex;
  // Chunks written since the stream was last empty.
  #waitingChunks = 0;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  get needsDrain(): boolean {
    return this.#duplex.writableNeedDrain || this.#isCrowded;
  }

  get #isCrowded(): boolean {
    return this.#waitingChunks >= MANY_CHUNKS && this.#duplex.writableLength > 0;
  }

  /** Writes a chunk, copied out of a larger buffer if it has to wait; true when the next one may follow. */
  write(chunk: Uint8Array, done?: WriteDone): boolean {
    const duplex = this.#duplex;
    if (!duplex.writable) return refused(done);
    const waits = duplex.writableLength > 0;
    this.#waitingChunks = waits ? this.#waitingChunks + 1 : 0;
    const mayWait = waits || chunk.length < SMALL_BYTES;
    return this.#write(mayWait ? unpinned(chunk) : chunk, done) && !this.#isCrowded;
  }

  /** Writes chunks by reference: the caller has made sure that they may wait. */
  writeAll(chunks: readonly Uint8Array[], done?: WriteDone): boolean {
    const duplex = this.#duplex;
    if (!duplex.writable) return refused(done);
    const last = chunks.length - 1;
    // One writev instead of a system call for each.
    if (last > 0) duplex.cork();
    for (let at = 0; at < last; at++) duplex.write(chunks[at]);
    const goOn = this.#write(chunks[last] as Uint8Array, done);
    if (last > 0) duplex.uncork();
    return goOn;
  }

  #write(chunk: Uint8Array, done?: WriteDone): boolean {
    const duplex = this.#duplex;
    if (done === undefined) return duplex.write(chunk);
    // Node calls back with null, not an error, for a write that was under way when its socket was destroyed.
    return duplex.write(chunk, (error) => done(error ?? (duplex.destroyed ? neverSent() : null)));
  }

  /** Calls back once, when the stream takes more or is closed; returns a function that cancels this. */
  drained(callback: () => void): () => void {
    const duplex = this.#duplex;
    let next: NodeJS.Immediate | undefined;
    const forget = (): void => {
      duplex.off('drain', onDrain).off('close', onClose);
      clearImmediate(next);
    };
    // Never resume inside 'drain': while the system takes all bytes it comes in the tick of the write, so a writer that resumed there
    // would starve reads, and a reply of 64 bytes would wait for tens of megabytes.
    const onDrain = (): void => {
      next ??= setImmediate(onClose);
    };
    const onClose = (): void => {
      forget();
      callback();
    };
    if (duplex.closed) {
      callback();
      return forget;
    }
    duplex.on('drain', onDrain).on('close', onClose);
    // Below its high-water mark a stream has no 'drain'. An empty write is confirmed after all writes before it.
    if (this.#isCrowded && duplex.writable && !duplex.writableNeedDrain) duplex.write(NOTHING, onDrain);
    return forget;
  }
}

function refused(done: WriteDone | undefined): true {
  done?.(neverSent());
  return true;
}
