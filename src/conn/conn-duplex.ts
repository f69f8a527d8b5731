import type { Duplex } from 'node:stream';
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { unpinned } from '../bytes/unpinned.js';
import { MuxError, UsageError } from '../errors.js';
import type { Conn } from './conn.js';
import { isLent } from './lent.js';
import { endWithPeer } from './end-with-peer.js';
import { inBackground } from './in-background.js';
import type { Reading } from './reading.js';
import { withSocketSurface } from './socket-surface.js';

/** A Duplex over a Conn. */
export interface ConnDuplex extends Duplex {
  /** Bytes that were written and that the connection has not been given yet. */
  readonly _unpassedBytes: number;
}

type ConnDuplexClass = new (conn: Conn, scheduler: SchedulerLike) => ConnDuplex;
type Done = (error?: Error | null) => void;

// A reader that reads no more gets a failure after this time: its writes wait until then.
const WAITING_MS = 30_000;
// So many chunks may wait in the buffer of the stream, each for some 300 bytes besides its own. The rest waits in the connection, gathered.
const MANY_CHUNKS = 32;

let ConnDuplexOf: ConnDuplexClass | undefined;

/**
 * A Node Duplex over a Conn that is no socket, with what servers and clients expect of a socket. Node is asked for only here
 * and only when called, so that the rest runs, and bundles, without it.
 *
 * As with a socket, a reset destroys it with the error, and what is in its buffer is lost; destroying it with an error resets
 * the connection. When the connection fails otherwise, the bytes that arrived are read first. Until then writes wait.
 *
 * @param scheduler - the clock of its `setTimeout`
 * @throws UsageError `ERR_MUX_USAGE` where there is no Node
 */
export function duplexOver(conn: Conn, scheduler: SchedulerLike = asyncScheduler): ConnDuplex {
  ConnDuplexOf ??= connDuplexClass();
  return new ConnDuplexOf(conn, scheduler);
}

// A class that extends Duplex in the open would need Node as soon as it is imported.
function connDuplexClass(): ConnDuplexClass {
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> };
  const stream = process?.getBuiltinModule?.('node:stream');
  const timers = process?.getBuiltinModule?.('node:timers');
  const buffer = process?.getBuiltinModule?.('node:buffer');
  if (stream === undefined || timers === undefined || buffer === undefined) {
    throw new UsageError('ERR_MUX_USAGE', 'duplex() needs Node; use readable and writable');
  }
  const { setImmediate } = timers;
  const copyOf = (chunk: Uint8Array): Uint8Array => {
    const copy = buffer.Buffer.allocUnsafe(chunk.length);
    copy.set(chunk);
    return copy;
  };
  const inTwoTurns = (act: () => void): void => {
    setImmediate(() => setImmediate(act));
  };
  // Ends of one turn share one callback: Node runs all work that a callback caused before the next, so their answers leave in one
  // write. Each end has a microtask of its own: a listener of 'readable' that throws does not keep the end from the others.
  let coming: (() => void)[] | undefined;
  const endInTwoTurns = (show: () => void): void => {
    if (coming === undefined) {
      const ends: (() => void)[] = (coming = []);
      queueMicrotask(() => {
        coming = undefined;
      });
      inTwoTurns(() => ends.forEach(queueMicrotask));
    }
    coming.push(show);
  };

  return class ConnDuplex extends withSocketSurface(stream.Duplex) {
    readonly #reading: Reading;
    #unconsumed = 0;
    // Chunks that came since the buffer was empty.
    #chunks = 0;
    #wanted = false;
    #ended = false;
    // Why the connection is over, while bytes are left to read.
    #failure: MuxError | undefined;
    // The connection gives no more bytes: those left to read are in the buffer of this stream.
    #isDelivered = false;
    #resetting = false;
    // A write that the connection did not take.
    #held: Done | undefined;
    // Bytes of a write that the connection has not confirmed.
    #passedBytes = 0;
    readonly #scheduler: SchedulerLike;
    #patience: Subscription | undefined;
    // The last call of read gave something.
    #isServed = false;

    constructor(conn: Conn, scheduler: SchedulerLike) {
      super(conn, scheduler);
      this.#scheduler = scheduler;
      this.#reading = conn._read({
        next: (chunk) => {
          this.#take(chunk);
        },
        complete: () => {
          this.#ended = this.#isDelivered = true;
          this.#showEnd();
          this.#failIfRead();
        },
        error: (error) => {
          this.#isDelivered = true;
          this.#failure ??= error;
          this.#failIfRead();
        },
        failed: (error, isReset) => {
          this.#failure = error;
          if (!isReset) this.#failIfRead();
          else {
            this.#isDelivered = true;
            this.destroy(error);
          }
        },
      });
    }

    // Shows the failure after all earlier bytes, an end included, and only to a reader that asks for more. Another reader may hold bytes
    // itself, and the error would take them from its own reader: node:http pauses then, undici does not call read.
    #failIfRead(): void {
      const failure = this.#failure;
      if (failure === undefined || !this.#isDelivered || this.readableLength > 0 || this.destroyed) return;
      const waits = this.listenerCount('readable') > 0 ? this.#isServed : this.readableFlowing === false;
      if (waits && !this.readableEnded) {
        this.#patience ??= inBackground(this.#scheduler, () => this.destroy(failure), WAITING_MS);
        // For a reader that reads once for each event and has read all bytes.
        if (this.#isServed) setImmediate(() => this.emit('readable'));
      } else if (this.#ended) inTwoTurns(() => this.destroy(failure));
      else this.destroy(failure);
    }

    #take(chunk: Uint8Array): void {
      this._touch();
      this.#unconsumed += chunk.length;
      // The reader has left, and the peer goes on sending.
      if (this.destroyed) this.#reading.cancel();
      else if (!this.#push(chunk) || this.#isCrowded) this.#reading.pause();
      this.#settle();
    }

    // A few bytes that wait in the buffer don't keep the whole of what they came in. Without 'data' listeners each chunk waits.
    #push(chunk: Uint8Array): boolean {
      const isBehind = this.readableLength > 0;
      this.#chunks = isBehind ? this.#chunks + 1 : 0;
      return this.push(isBehind || this.readableFlowing !== true ? unpinned(chunk) : chunk);
    }

    get #isCrowded(): boolean {
      return this.#chunks >= MANY_CHUNKS && this.readableLength > 0;
    }

    /**
     * Bytes are consumed when they leave the buffer of this stream, which they do here, or within `push` when it flows: what
     * was pushed and is not in the buffer any more was consumed, to the byte, however the stream is read.
     */
    override read(size?: number): unknown {
      const chunk: unknown = super.read(size);
      this.#settle();
      // Also for a reader that wants more than there is.
      if (this.#chunks >= MANY_CHUNKS && (chunk === null || this.readableLength === 0)) {
        this.#chunks = 0;
        this.#reading.resume();
      }
      if (size === 0) return chunk;
      this.#isServed = chunk !== null;
      // Later: a reader may put back what it got, as undici does.
      if (this.#failure !== undefined) setImmediate(() => this.#failIfRead());
      return chunk;
    }

    #settle(): void {
      // Bytes in the buffer of a destroyed stream are never read.
      const left = this.#unconsumed - (this.destroyed ? 0 : this.readableLength);
      // Less than nothing has left it when a consumer puts bytes back with unshift.
      if (left <= 0) return;
      this.#unconsumed -= left;
      this.#reading.consumed(left);
    }

    override _read(): void {
      if (!this.#wanted) {
        this.#wanted = true;
        this.#showEnd();
      }
      if (!this.#isCrowded) this.#reading.resume();
    }

    // Attached to a stream whose end is there already, node:http2 ends the process (ERR_INTERNAL_ASSERTION).
    #showEnd(): void {
      if (!this.#ended || !this.#wanted) return;
      endInTwoTurns(() => this.#pushEnd());
    }

    #pushEnd(): void {
      if (this.destroyed) return;
      endWithPeer(this, setImmediate);
      this.push(null);
      // As a socket has it, a stream that is paused is told, too, when there is nothing before the end.
      this.read(0);
    }

    get _unpassedBytes(): number {
      return this.writableLength - this.#passedBytes;
    }

    // The caller may overwrite a chunk for which `write` returned true: Duplex.toWeb takes that for the end of the write. So chunks that
    // wait here are copies, too.
    override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
      const waits = this.writableLength > 0 && chunk instanceof Uint8Array && !isLent(chunk);
      return super.write(waits ? copyOf(chunk) : chunk, encoding as BufferEncoding, done as Done);
    }

    override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
      this._touch();
      this.#passedBytes = chunk.length;
      if (isLent(chunk)) this._conn._write(chunk, this.#touching(done));
      else this.#written(this._conn._write(copyOf(chunk)), done);
    }

    override _writev(writes: readonly { readonly chunk: Uint8Array }[], done: Done): void {
      this._touch();
      const lends = writes.some(({ chunk }) => isLent(chunk));
      const chunks = writes.map(({ chunk }) => (isLent(chunk) ? chunk : copyOf(chunk)));
      // An empty chunk at the end would be confirmed before the chunks in front of it.
      while (chunks.length > 1 && chunks.at(-1)?.length === 0) chunks.pop();
      // Later, since what is sent may be answered within the call, and Node loses what is written from within _writev.
      queueMicrotask(() => {
        let goesOn = true;
        chunks.forEach((chunk, at) => {
          this.#passedBytes += chunk.length;
          const isLast = at === chunks.length - 1;
          goesOn = this._conn._write(chunk, lends && isLast ? this.#touching(done) : undefined);
        });
        if (!lends) this.#written(goesOn, done);
      });
    }

    #written(goesOn: boolean, done: Done): void {
      if (goesOn) this.#taken(done);
      else this._conn._drained(this.#touching(done));
    }

    #touching(done: Done): () => void {
      return () => {
        this._touch();
        this.#taken(done);
      };
    }

    // A connection that is over sends no more, but there may be bytes to read.
    #taken(done: Done): void {
      this.#passedBytes = 0;
      if (this.#failure === undefined) done();
      else if (this.destroyed) done(this.#failure);
      else this.#held = done;
    }

    // Does not wait until all is sent: at a write while an end is under way, node:http2 ends the process.
    override _final(done: Done): void {
      this._conn.complete();
      done();
    }

    /** As a socket has it: no 'error' here, a reset at the other end. */
    resetAndDestroy(): this {
      this.#resetting = true;
      return this.destroy();
    }

    override _destroy(error: Error | null, done: Done): void {
      this.#patience?.unsubscribe();
      const failure = this.#failure;
      if (failure === undefined) this.#leave(error);
      else if (!this.#isDelivered) this.#reading.cancel();
      this.#settle();
      super._destroy(error, done);
      this.#held?.(error ?? failure);
    }

    #leave(error: Error | null): void {
      if (error !== null || this.#resetting) {
        const reason = error ?? new Error('the stream was reset by this end');
        this._conn._destroy(MuxError.from(reason, 'ERR_MUX_ABORT', { initiator: 'local' }), true);
      } else if (!this.writableFinished) this._conn._destroy(undefined, true);
      // What was written before the end is on its way, and a reset could overtake it: the peer is left to end, as by TCP.
      else if (!this.#ended) this.#reading.resume();
    }
  };
}
