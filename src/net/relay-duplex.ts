import { Duplex } from 'node:stream';
import { endWithPeer } from '../conn/end-with-peer.js';
import type { InboundFilter } from '../conn/reading.js';
import type { SocketLike } from './socket-like.js';

const NOTHING = new Uint8Array(0);
const PASS: InboundFilter = { done: true, push: (chunk) => chunk, flush: () => NOTHING };

/**
 * A Duplex in front of another: shows `replay`, then what the inner one receives, with what `filter` takes out missing. The
 * end is shown two macrotasks after the first read at the soonest, since servers that attach to a Duplex whose end is queued
 * already may miss it.
 */
export class RelayDuplex extends Duplex {
  readonly #inner: SocketLike;
  readonly #filter: InboundFilter;
  #wanted = false;
  #ended = false;

  constructor(inner: SocketLike, filter: InboundFilter = PASS, replay: Uint8Array = NOTHING) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#filter = filter;
    if (replay.length > 0) this.push(replay);
    inner.on('data', (chunk: Uint8Array) => {
      const rest = filter.done ? chunk : filter.push(chunk);
      if (rest.length > 0 && !this.push(rest)) inner.pause();
    });
    inner.pause();
    inner.on('end', () => {
      this.#ended = true;
      this.#showEnd();
    });
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => {
      if (!this.#ended || !this.writableFinished) this.destroy();
    });
    inner.on('timeout', () => this.emit('timeout'));
  }

  override _read(): void {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#showEnd();
    }
    this.#inner.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy(error ?? undefined);
    done(error);
  }

  #showEnd(): void {
    if (!this.#ended || !this.#wanted) return;
    setImmediate(() =>
      setImmediate(() => {
        if (this.destroyed) return;
        const rest = this.#filter.flush();
        if (rest.length > 0) this.push(rest);
        endWithPeer(this, setImmediate);
        this.push(null);
      }),
    );
  }

  get remoteAddress(): string | undefined {
    return this.#inner.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.#inner.remotePort;
  }
  get localAddress(): string | undefined {
    return this.#inner.localAddress;
  }
  get localPort(): number | undefined {
    return this.#inner.localPort;
  }
  get encrypted(): boolean {
    return this.#inner.encrypted === true;
  }
  get bytesRead(): number {
    return this.#inner.bytesRead ?? 0;
  }
  get bytesWritten(): number {
    return this.#inner.bytesWritten ?? 0;
  }
  setTimeout(ms: number, onTimeout?: () => void): this {
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    this.#inner.setTimeout?.(ms);
    return this;
  }
  setNoDelay(on?: boolean): this {
    this.#inner.setNoDelay?.(on);
    return this;
  }
  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.#inner.setKeepAlive?.(on, delayMs);
    return this;
  }
  ref(): this {
    this.#inner.ref?.();
    return this;
  }
  unref(): this {
    this.#inner.unref?.();
    return this;
  }
}
