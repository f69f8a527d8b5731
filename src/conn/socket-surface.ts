import type { Duplex } from 'node:stream';
import type { SchedulerLike, Subscription } from 'rxjs';
import { UsageError } from '../errors.js';
import type { Conn } from './conn.js';
import { LENT_BYTES } from './lent.js';
import { familyOf } from './ip-address.js';

/** A Duplex with what servers and clients expect of a socket. */
export interface SocketSurface extends Duplex {
  readonly _conn: Conn;
  /** Says that bytes were read or written: what `setTimeout` waits for begins anew. */
  _touch(): void;
}

const LONGEST_MS = 2 ** 31 - 1;

/**
 * Gives a Duplex the surface of a `net.Socket`, as far as servers and clients use it: `node:http` and its agents call these
 * members unasked, and throw from within an event handler where one is missing.
 */
export function withSocketSurface(
  Base: typeof Duplex,
): abstract new (conn: Conn, scheduler: SchedulerLike) => SocketSurface {
  abstract class Surface extends Base implements SocketSurface {
    readonly connecting = false;
    readonly pending = false;
    timeout = 0;
    readonly _conn: Conn;
    readonly #scheduler: SchedulerLike;
    #idle: Subscription | undefined;

    constructor(conn: Conn, scheduler: SchedulerLike) {
      // A chunk for which `write` returns true is copied: a caller may take that, too, as permission to use its buffer again.
      super({ allowHalfOpen: true, writableHighWaterMark: LENT_BYTES });
      this._conn = conn;
      this.#scheduler = scheduler;
    }

    setTimeout(ms: number, onTimeout?: () => void): this {
      if (!(ms >= 0)) throw new UsageError('ERR_MUX_OPTION', `a timeout is 0 milliseconds or more, not ${ms}`);
      this.timeout = Math.min(ms, LONGEST_MS);
      if (onTimeout !== undefined) {
        if (ms === 0) this.off('timeout', onTimeout);
        else this.once('timeout', onTimeout);
      }
      this._touch();
      return this;
    }

    _touch(): void {
      this.#idle?.unsubscribe();
      if (this.timeout === 0 || this.destroyed) return;
      this.#idle = this.#scheduler.schedule(() => this.emit('timeout'), this.timeout);
    }

    override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
      this.#idle?.unsubscribe();
      done(error);
    }

    destroySoon(): void {
      if (this.writable) this.end();
      if (this.writableFinished) this.destroy();
      else this.once('finish', () => this.destroy());
    }

    // There is no socket of its own to set these on.
    setKeepAlive(): this {
      return this;
    }
    setNoDelay(): this {
      return this;
    }
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }

    address(): { readonly address?: string; readonly family?: string; readonly port?: number | undefined } {
      const { localAddress: address, localPort: port } = this;
      return address === undefined ? {} : { address, family: familyOf(address), port };
    }
    get remoteAddress(): string | undefined {
      return this._conn.remoteAddress;
    }
    get remotePort(): number | undefined {
      return this._conn.remotePort;
    }
    get remoteFamily(): string | undefined {
      const address = this.remoteAddress;
      return address === undefined ? undefined : familyOf(address);
    }
    get localFamily(): string | undefined {
      const address = this.localAddress;
      return address === undefined ? undefined : familyOf(address);
    }
    get localAddress(): string | undefined {
      return this._conn.localAddress;
    }
    get localPort(): number | undefined {
      return this._conn.localPort;
    }
    get encrypted(): boolean {
      return this._conn.encrypted;
    }
    get bytesRead(): number {
      return this._conn.bytesRead;
    }
    get bytesWritten(): number {
      return this._conn.bytesWritten;
    }
    get readyState(): 'open' | 'readOnly' | 'writeOnly' | 'closed' {
      if (this.readable) return this.writable ? 'open' : 'readOnly';
      return this.writable ? 'writeOnly' : 'closed';
    }
  }
  return Surface;
}
