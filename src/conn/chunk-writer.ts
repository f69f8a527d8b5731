import { ByteQueue } from '../bytes/byte-queue.js';
import { neverSent, type WriteDone } from './lent.js';
import { WaitingWriters } from './waiting-writers.js';

/** The longest chunk that a writable is given. */
const MAX_CHUNK_BYTES = 65_536;
/** From here on writers wait. */
const HIGH_WATER_BYTES = 262_144;

/** Events that a {@link ChunkWriter} reports to its connection. */
interface ChunkWriterOwner {
  /** The writable is closed: all written bytes have left. */
  onWriterClosed(): void;
  /** The writable failed, or the peer cancelled it. */
  onWriterFailed(reason: unknown): void;
  /** The callback of a writer threw. */
  onThrown(error: unknown): void;
}

/** A writer that waits until its last byte, number `until` of all, has left. */
interface Loan {
  readonly until: number;
  readonly done: WriteDone;
}

const ignore = (): void => undefined;

/**
 * The outbound half of a Conn over Web Streams.
 *
 * The writable gets each chunk as a copy: streams of bytes, WebTransport and ports detach the memory of a chunk, and other views may
 * share the memory of a view. Bytes that wait are gathered into the next chunk.
 */
export class ChunkWriter {
  bytesWritten = 0;
  readonly #owner: ChunkWriterOwner;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #queue = new ByteQueue();
  readonly #waiting = new WaitingWriters();
  #loans: Loan[] = [];
  #takenBytes = 0;
  #writesUnderWay = 0;
  #end: 'open' | 'due' | 'sent' = 'open';

  constructor(owner: ChunkWriterOwner, writable: WritableStream<Uint8Array>) {
    this.#owner = owner;
    this.#writer = writable.getWriter();
    this.#writer.closed.then(
      () => {
        this.#stop();
        owner.onWriterClosed();
      },
      (reason: unknown) => {
        this.#stop();
        owner.onWriterFailed(reason);
      },
    );
  }

  /** Bytes that the writable has not taken yet. */
  get bufferedBytes(): number {
    return this.bytesWritten - this.#takenBytes;
  }
  get needsDrain(): boolean {
    return this.bufferedBytes >= HIGH_WATER_BYTES;
  }

  write(chunks: readonly Uint8Array[], done?: WriteDone): boolean {
    if (this.#end !== 'open') {
      if (done !== undefined) this.drained(() => done(neverSent()));
      return !this.needsDrain;
    }
    for (const chunk of chunks) {
      this.bytesWritten += chunk.length;
      if (this.#mayWrite) this.#queue.push(chunk);
      else this.#queue.keep(chunk);
    }
    if (done !== undefined) {
      if (this.bufferedBytes === 0) done();
      else this.#loans.push({ until: this.bytesWritten, done });
    }
    this.#flush();
    return !this.needsDrain;
  }

  drained(callback: () => void): () => void {
    if (this.needsDrain) return this.#waiting.add(callback);
    callback();
    return ignore;
  }

  /** Closes the writable after the written bytes. */
  end(): void {
    if (this.#end !== 'open') return;
    this.#end = 'due';
    this.#flush();
  }

  /** Drops the bytes that the writable has not taken. */
  abort(reason: unknown): void {
    this.#stop();
    this.#writer.abort(reason).catch(ignore);
  }

  // While bytes wait, at least one write is under way, whatever `desiredSize` says. Its end calls this again.
  get #mayWrite(): boolean {
    return this.#writesUnderWay === 0 || (this.#writer.desiredSize ?? 0) > 0;
  }

  #flush(): void {
    while (!this.#queue.isEmpty && this.#mayWrite) this.#send();
    if (this.#end !== 'due' || !this.#queue.isEmpty) return;
    this.#end = 'sent';
    this.#writer.close().catch(ignore);
  }

  #send(): void {
    const length = Math.min(this.#queue.bytes, MAX_CHUNK_BYTES);
    const chunk = new Uint8Array(length);
    let at = 0;
    const append = (bytes: Uint8Array): void => {
      chunk.set(bytes, at);
      at += bytes.length;
    };
    this.#queue.moveTo({ append }, length);
    this.#writesUnderWay++;
    // `closed` has the reason of a failed write.
    this.#writer.write(chunk).then(() => {
      this.#onTaken(length);
    }, ignore);
  }

  #onTaken(bytes: number): void {
    this.#writesUnderWay--;
    this.#takenBytes = Math.min(this.#takenBytes + bytes, this.bytesWritten);
    this.#settle();
    this.#flush();
    if (!this.needsDrain) this.#waiting.wake(this.#owner);
  }

  // No more bytes leave: release the writers that wait.
  #stop(): void {
    this.#end = 'sent';
    this.#queue.clear();
    this.#takenBytes = this.bytesWritten;
    this.#settle(neverSent());
    this.#waiting.wake(this.#owner);
  }

  #settle(error?: Error): void {
    while ((this.#loans[0]?.until ?? Infinity) <= this.#takenBytes) {
      try {
        this.#loans.shift()?.done(error);
      } catch (error) {
        this.#owner.onThrown(error);
      }
    }
  }
}
