import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { MuxError, ResetError, UsageError } from '../errors.js';
import { ChunkWriter } from './chunk-writer.js';
import type { Conn } from './conn.js';
import { InboxConn } from './inbox-conn.js';
import type { WriteDone } from './lent.js';
import { nextTask } from './next-task.js';
import type { Patience } from './reading.js';

/** Two Web Streams that are one connection: a `WebTransportBidirectionalStream`, for instance. */
export interface WebStreams {
  /** The bytes of the other end, in chunks of any byte type. */
  readonly readable: ReadableStream<ArrayBufferView | ArrayBuffer>;
  /** The bytes for the other end, in chunks of at most 64 KiB, each with memory of its own. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Settings of {@link fromStreams}. */
export interface FromStreamsOptions {
  /** Bytes that may wait to be sent before `next` ends the connection. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
  /** True inside a TLS layer, as WebTransport always is. @defaultValue false */
  readonly encrypted?: boolean;
  /** The clock of the wait for the rest after a failure. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** Bytes that arrived before a failure are kept so long for a reader that takes none of them. */
const STALL_TIMEOUT_MS = 30_000;
/** After its writable failed a readable may still give chunks; so long after the last one it counts as failed, too. */
const REST_TIMEOUT_MS = 1000;
const READS_PER_TASK = 64;

/** A Conn over a pair of Web Streams. */
class WebStreamsConn extends InboxConn {
  readonly encrypted: boolean;
  bytesRead = 0;
  readonly #reader: ReadableStreamDefaultReader<ArrayBufferView | ArrayBuffer>;
  readonly #out: ChunkWriter;
  readonly #patience: Patience;
  #isPulling = false;
  // How the readable ended; takes effect after the chunks that it gave before.
  #readableEnd: { readonly reason?: unknown } | undefined;
  #isCancelled = false;
  #isWritten = false;
  #writeFailure: MuxError | undefined;
  #rest: Subscription | undefined;

  constructor({ readable, writable }: WebStreams, options: FromStreamsOptions) {
    super({}, options.sendBufferBytes);
    this.encrypted = options.encrypted ?? false;
    this.#patience = { scheduler: options.scheduler ?? asyncScheduler, stallTimeoutMs: STALL_TIMEOUT_MS };
    this.#reader = readable.getReader();
    this.#out = new ChunkWriter(this, writable);
    const onEnd = (end: { readonly reason?: unknown }): void => {
      this.#readableEnd = end;
      if (!this.#isPulling) this.#endReading();
    };
    this.#reader.closed.then(
      () => {
        onEnd({});
      },
      (reason: unknown) => {
        onEnd({ reason });
      },
    );
  }

  get bytesWritten(): number {
    return this.#out.bytesWritten;
  }
  get bufferedBytes(): number {
    return this.#out.bufferedBytes;
  }
  get needsDrain(): boolean {
    return this.#out.needsDrain;
  }

  _write(chunk: Uint8Array, done?: WriteDone): boolean {
    return this.#out.write([chunk], done);
  }

  override _writeAll(chunks: readonly Uint8Array[], done?: WriteDone): boolean {
    return this.#out.write(chunks, done);
  }

  _drained(callback: () => void): () => void {
    return this.#out.drained(callback);
  }

  protected _end(): void {
    this.#out.end();
  }

  _destroy(error: MuxError | undefined): void {
    const aborted = { initiator: 'local' } as const;
    const reason = error ?? new MuxError('ERR_MUX_ABORT', 'the connection was closed before its end', aborted);
    this.#fail(reason, { isTold: error !== undefined });
  }

  /** @internal */
  override onWanted(): void {
    void this.#pull();
  }

  /** @internal */
  onConsumed(): void {
    // The next read depends on demand, not on what was consumed: `consume` works on several chunks at once.
  }

  /** @internal */
  onCancelled(error?: MuxError): void {
    this.#isCancelled = true;
    // A readable that fails at the cancel is reported by its `closed`.
    if (error !== undefined) this.#reader.cancel(error).catch(() => undefined);
    else if (this.#isWritten) this._destroy(undefined);
    else this.onWanted();
  }

  /** @internal */
  onWriterClosed(): void {
    this.#isWritten = true;
    if (this.#isCancelled) this._destroy(undefined);
    else if (this.inbox.hasEnded) this.close(undefined);
  }

  /** @internal The peer reads no more; the bytes that it sent before are still to be read. */
  onWriterFailed(reason: unknown): void {
    if (this.isOver) return;
    this.#writeFailure = resetBy(reason);
    if (this.inbox.hasEnded) this.#fail(this.#writeFailure, { patience: this.#patience });
    else this.#awaitRest();
  }

  // One read at a time, and none for a reader that is paused: the readable holds the peer back.
  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    for (let reads = 1; this.inbox.isWanted && this.#readableEnd === undefined; reads++) {
      // `closed` of the reader has the reason of a failure.
      const result = await this.#reader.read().catch(() => undefined);
      if (result === undefined || result.done) break;
      this.#receive(result.value);
      // A readable that always has more would keep everything else from running.
      if (reads % READS_PER_TASK === 0) await nextTask();
    }
    this.#isPulling = false;
    if (this.#readableEnd !== undefined) this.#endReading();
  }

  #receive(value: ArrayBufferView | ArrayBuffer): void {
    const bytes = bytesOf(value);
    if (this.isOver) return;
    if (bytes === undefined) {
      const what = (value as unknown) === null ? 'null' : typeof value;
      const text = `a Conn carries bytes: the readable gave no ArrayBuffer and no view of one, but ${what}`;
      this.#fail(new UsageError('ERR_MUX_USAGE', text), { patience: this.#patience });
    } else if (bytes.length > 0) {
      this.bytesRead += bytes.length;
      this.inbox.push(bytes);
      if (this.#writeFailure !== undefined) this.#awaitRest();
    }
  }

  #endReading(): void {
    if (this.isOver || this.inbox.hasEnded) return;
    const end = this.#readableEnd ?? {};
    if ('reason' in end) {
      this.#fail(resetBy(end.reason), { patience: this.#patience });
      return;
    }
    this.inbox.end();
    if (this.#writeFailure !== undefined) this.#fail(this.#writeFailure, { patience: this.#patience });
    else if (this.#isWritten) this.close(undefined);
  }

  #awaitRest(): void {
    this.#rest?.unsubscribe();
    const { scheduler } = this.#patience;
    this.#rest = scheduler.schedule(() => {
      if (this.#writeFailure !== undefined) this.#fail(this.#writeFailure, { patience: this.#patience });
    }, REST_TIMEOUT_MS);
  }

  /** Over in both directions; without an error, `closed$` reports an orderly end. */
  #fail(
    error: MuxError,
    { patience, isTold = true }: { readonly patience?: Patience; readonly isTold?: boolean },
  ): void {
    if (this.isOver) return;
    this.#rest?.unsubscribe();
    this.close(isTold ? error : undefined);
    this.inbox.fail(error, patience);
    this.#out.abort(error);
    // The Conn has failed already: how its readable takes the cancel changes nothing.
    this.#reader.cancel(error).catch(() => undefined);
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  // By its tag: a chunk may come from another realm, a frame of the page for instance.
  const isBuffer = Object.prototype.toString.call(value) === '[object ArrayBuffer]';
  return isBuffer ? new Uint8Array(value as ArrayBuffer) : undefined;
}

/** The failure of a stream as a reset by the peer; a WebTransport gives its code. */
function resetBy(reason: unknown): ResetError {
  const { message, streamErrorCode } = (reason ?? {}) as {
    readonly message?: unknown;
    readonly streamErrorCode?: unknown;
  };
  const wireCode = typeof streamErrorCode === 'number' ? streamErrorCode : undefined;
  const why = typeof message === 'string' ? message : String(reason);
  return new ResetError('ERR_MUX_RESET', `the stream was reset: ${why}`, {
    initiator: 'remote',
    wireCode,
    cause: reason,
  });
}

/**
 * Makes a Conn of a pair of Web Streams: a bidirectional stream of WebTransport, streams that were transferred to a worker or from
 * one, both sides of a TransformStream, `Duplex.toWeb`. Both are locked from now on.
 *
 * `complete` closes the writable; a readable that is closed completes. `error` aborts the one and cancels the other with the error as
 * reason. A stream that fails is a reset by the peer (`ERR_MUX_RESET`, with what it failed with as `cause`, and the code of a
 * WebTransport stream as `wireCode`); so is a peer that cancels its reading, once what it sent before is read. A chunk
 * that is neither an ArrayBuffer nor a view of one ends the connection with `ERR_MUX_USAGE`. There are no addresses.
 *
 * Nothing is read ahead of the reader, but what the readable reads ahead by itself (its `highWaterMark`); one chunk is written at a
 * time, or as many as the writable has room for.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no pair of Web Streams, for one that is locked, and for a `sendBufferBytes` that is
 * no whole number
 * @example
 * ```ts
 * const transport = new WebTransport('https://example.com/mux');
 * const s = session(fromStreams(await transport.createBidirectionalStream()), { codec: yamux(), role: 'client' });
 * ```
 */
export function fromStreams(streams: WebStreams, options: FromStreamsOptions = {}): Conn {
  const { readable, writable } = Object(streams) as Partial<WebStreams>;
  if (typeof readable?.getReader !== 'function' || typeof writable?.getWriter !== 'function')
    throw new UsageError('ERR_MUX_OPTION', 'fromStreams takes { readable, writable }, a pair of Web Streams');
  if (readable.locked || writable.locked) {
    const which = readable.locked ? 'readable' : 'writable';
    throw new UsageError('ERR_MUX_OPTION', `the ${which} is locked: something else has its reader or writer`);
  }
  checkWholeNumber('sendBufferBytes', options.sendBufferBytes, 0);
  return new WebStreamsConn({ readable, writable }, options);
}
