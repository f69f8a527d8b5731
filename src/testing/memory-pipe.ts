import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { neverSent, type WriteDone } from '../conn/lent.js';
import { InboxConn } from '../conn/inbox-conn.js';
import type { Patience } from '../conn/reading.js';
import { MuxError, ResetError } from '../errors.js';
import { Lane, type Wire } from './lane.js';

// Bytes that arrived before a reset are kept so long for a reader that takes none of them.
const STALL_TIMEOUT_MS = 30_000;

/** How the two ends of a {@link memoryPipe} are joined. */
export interface MemoryPipeOptions {
  /** Cuts what is written into pieces of at most so many bytes. @defaultValue as written */
  readonly chunkBytes?: number;
  /** Bytes that may be on the way and unread, each direction, before the writer has to wait. @defaultValue 65536 (64 KiB) */
  readonly capacityBytes?: number;
  /** Milliseconds from one end to the other. @defaultValue 0: within the call that writes */
  readonly latencyMs?: number;
  /** Resets both ends once so many bytes have come through, both directions together. @defaultValue never */
  readonly cutAfterBytes?: number;
  /** The clock of the latency. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/**
 * Two Conns joined in memory: what one sends the other receives, with backpressure, and on request in small pieces, late, or
 * cut off in the middle. For specs: no socket, no real time.
 *
 * @example
 * ```ts
 * const [client, server] = memoryPipe({ chunkBytes: 1 });
 * of(server).pipe(sniff(http1())).subscribe((conn) => console.log(conn.protocol));
 * client.next(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'));
 * ```
 */
export function memoryPipe(options: MemoryPipeOptions = {}): readonly [client: Conn, server: Conn] {
  const wire: Wire = {
    chunkBytes: options.chunkBytes ?? Infinity,
    capacityBytes: options.capacityBytes ?? 65_536,
    latencyMs: options.latencyMs ?? 0,
    cutAfterBytes: options.cutAfterBytes ?? Infinity,
    scheduler: options.scheduler ?? asyncScheduler,
    passedBytes: 0,
    cut: () => {
      const error = new ResetError('ERR_MUX_RESET', `the pipe was cut after ${wire.passedBytes} bytes`);
      client._destroy(error);
      server._destroy(error);
    },
  };
  const client = new MemoryConn({ remoteAddress: '192.0.2.1', remotePort: 80 });
  const server = new MemoryConn({ remoteAddress: '192.0.2.2', remotePort: 50_000 });
  client.join(server, wire);
  server.join(client, wire);
  return [client, server];
}

class MemoryConn extends InboxConn {
  readonly encrypted = false;
  bytesRead = 0;
  bytesWritten = 0;
  lane: Lane | undefined;
  #peer: MemoryConn | undefined;
  #patience: Patience | undefined;
  #cancelled = false;
  #ended = { inbound: false, outbound: false };

  join(peer: MemoryConn, wire: Wire): void {
    this.#peer = peer;
    this.#patience = { scheduler: wire.scheduler, stallTimeoutMs: STALL_TIMEOUT_MS };
    this.lane = new Lane(wire, {
      push: (bytes) => {
        peer.bytesRead += bytes.length;
        peer.inbox.push(bytes);
      },
      end: () => {
        peer.inbox.end();
        peer.#over('inbound');
      },
    });
  }

  get bufferedBytes(): number {
    return this.lane?.bufferedBytes ?? 0;
  }
  get needsDrain(): boolean {
    return this.bufferedBytes > 0;
  }

  _write(chunk: Uint8Array, done?: WriteDone): boolean {
    this.bytesWritten += chunk.length;
    const goesOn = this.lane?.write(chunk) ?? true;
    if (done !== undefined) this._drained(() => done(this.isOver ? neverSent() : undefined));
    return goesOn;
  }

  _drained(callback: () => void): () => void {
    return this.lane?.drained(callback) ?? callback;
  }

  protected _end(): void {
    this.lane?.end();
    this.#over('outbound');
    this.#endIfLeft();
  }

  // The other end reads the bytes that have arrived there before it gets the reset.
  override _fail(error: MuxError): void {
    this.#reset(error, this.#patience);
  }

  _destroy(error: MuxError | undefined): void {
    this.#reset(error);
  }

  #reset(error: MuxError | undefined, patience?: Patience): void {
    this.cut(
      error ?? new MuxError('ERR_MUX_ABORT', 'the connection was closed before its end', { initiator: 'local' }),
      error,
    );
    const told = new ResetError('ERR_MUX_RESET', 'the connection was reset by the other end', { initiator: 'remote' });
    this.#peer?.cut(told, told, patience);
  }

  onConsumed(bytes: number): void {
    // Bytes dropped at the end make no room: a waiting writer gets the end.
    if (!this.isOver) this.#peer?.lane?.consumed(bytes);
  }

  onCancelled(): void {
    this.#cancelled = true;
    this.#endIfLeft();
  }

  cut(toReader: MuxError, told: MuxError | undefined, patience?: Patience): void {
    this.close(told);
    this.lane?.stop();
    this.inbox.fail(toReader, patience);
  }

  // No reader, and all bytes are sent: it is closed, as a socket would be.
  #endIfLeft(): void {
    if (!this.#cancelled || !this.#ended.outbound || this.isOver) return;
    this.lane?.drained(() => {
      this._destroy(undefined);
    });
  }

  #over(direction: 'inbound' | 'outbound'): void {
    this.#ended[direction] = true;
    if (this.#ended.inbound && this.#ended.outbound) this.close(undefined);
  }
}
