import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { neverSent, type WriteDone } from './lent.js';
import { ByteQueue } from '../bytes/byte-queue.js';
import { unpinned } from '../bytes/unpinned.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { MuxError, OverflowError, ProtocolError, ResetError, UsageError } from '../errors.js';
import { addressesOf, type Addresses } from './addresses.js';
import type { Conn } from './conn.js';
import { InboxConn } from './inbox-conn.js';
import { boundMessages } from './longest-message.js';
import type { Patience } from './reading.js';
import { Ticks } from './ticks.js';
import { WaitingWriters } from './waiting-writers.js';
import type { WebSocketEnd, WebSocketFailure, WebSocketTransport } from './web-socket-transport.js';

/** Settings of {@link fromWebSocket}. */
export interface FromWebSocketOptions {
  /** Bytes that may wait to be sent before `next` ends the connection. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
  /**
   * Bytes that may wait to be read, 1 or more. A WebSocket of `ws` is held back long before; one that cannot be, as in browsers,
   * is ended past it with `ERR_MUX_OVERFLOW`. @defaultValue 16777216 (16 MiB)
   */
  readonly receiveBufferBytes?: number;
  /**
   * The longest message that is sent, in bytes, 1 or more: longer writes are cut into several. At most what the other end takes, `maxPayload`
   * of `ws` there, which is 1 MiB here unless set. @defaultValue 65536 (64 KiB)
   */
  readonly maxMessageBytes?: number;
  /** The socket below, for the addresses: `request.socket` in a server. @defaultValue no addresses */
  readonly over?: Addresses & {
    /** True inside a TLS layer. @defaultValue true where the WebSocket's URL begins with `wss:` */
    readonly encrypted?: boolean;
  };
  /** The clock of the checks whether a full WebSocket has sent. @defaultValue `asyncScheduler`, and a Web Worker in a hidden page */
  readonly scheduler?: SchedulerLike;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

// RFC 6455 section 7.4.1; those from 4000 on are for private use.
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;
const NO_CODE = 1005;
const TOO_BIG = 1009;
const ABORTED = 4000;

/** From here on writers wait, and a peer that can be held back is. */
const HIGH_WATER_BYTES = 262_144;
// A message costs some 500 bytes besides its own.
const HIGH_WATER_MESSAGES = 256;
const RECEIVE_BUFFER_BYTES = 16 << 20;
/** Bytes that arrived before an early close are kept so long for a reader that takes none of them. */
const STALL_TIMEOUT_MS = 30_000;
const MAX_MESSAGE_BYTES = 65_536;

/** A Conn over a WebSocket. */
class WebSocketConn extends InboxConn {
  readonly encrypted: boolean;
  bytesRead = 0;
  bytesWritten = 0;
  readonly #socket: WebSocketTransport;
  readonly #receiveBufferBytes: number;
  readonly #maxMessageBytes: number;
  readonly #scheduler: SchedulerLike;
  /** Written before it was open. */
  readonly #early = new ByteQueue();
  readonly #earlyDone: WriteDone[] = [];
  readonly #waiting = new WaitingWriters();
  /** No event says when a WebSocket has sent, so this asks it while a writer waits. */
  readonly #ticks: Ticks;
  // Messages written since it had nothing left to send.
  #waitingMessages = 0;
  #unreadBytes = 0;
  #isPaused = false;
  #wasOpen: boolean;
  #isEnded = false;
  #failure: WebSocketFailure = {};

  constructor(socket: WebSocketTransport, options: FromWebSocketOptions) {
    super(addressesOf(options.over ?? {}), options.sendBufferBytes);
    this.#socket = socket;
    this.#receiveBufferBytes = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#ticks = new Ticks(() => {
      if (!this.needsDrain) this.#wakeWriters();
    }, this.#scheduler);
    this.#wasOpen = socket.readyState !== CONNECTING;
    this.encrypted = options.over?.encrypted ?? socket.url?.startsWith('wss:') === true;
    socket.binaryType = 'arraybuffer';
    boundMessages(socket);
    socket.addEventListener('open', () => {
      boundMessages(socket);
      this.#onOpen();
    });
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.#refuseText();
      else this.#receive(new Uint8Array(data as ArrayBuffer));
    });
    socket.addEventListener('error', (failure) => {
      this.#failure = failure;
    });
    socket.addEventListener('close', (end) => {
      this.#onClose(end);
    });
    // Its 'close' is over: none will come.
    if (socket.readyState === CLOSED) this.#finish(new MuxError('ERR_MUX_CLOSED', 'the WebSocket is closed already'));
  }

  get bufferedBytes(): number {
    // A WebSocket that is closed goes on counting what it never sent.
    return this.isOver ? 0 : this.#early.bytes + this.#socket.bufferedAmount;
  }
  get needsDrain(): boolean {
    const { bufferedBytes } = this;
    return bufferedBytes >= HIGH_WATER_BYTES || (this.#waitingMessages >= HIGH_WATER_MESSAGES && bufferedBytes > 0);
  }

  _write(chunk: Uint8Array, done?: WriteDone): boolean {
    if (this.isOver || this.#isEnded) return this.refuse(done);
    if (chunk.length === 0) {
      done?.();
      return true;
    }
    this.bytesWritten += chunk.length;
    const { readyState } = this.#socket;
    if (readyState === CONNECTING) {
      this.#early.keep(chunk);
      if (done !== undefined) this.#earlyDone.push(done);
    } else if (readyState === OPEN) this.#send(this.#toSend(chunk), done);
    else return this.refuse(done);
    return !this.needsDrain;
  }

  _drained(callback: () => void): () => void {
    if (!this.needsDrain) {
      callback();
      return () => undefined;
    }
    const forget = this.#waiting.add(callback);
    this.#ticks.start();
    return () => {
      forget();
      if (this.#waiting.isEmpty) this.#ticks.stop();
    };
  }

  protected _end(): void {
    this.#isEnded = true;
    if (this.#socket.readyState !== CONNECTING) this.#socket.close(NORMAL);
  }

  _destroy(error: MuxError | undefined): void {
    if (this.isOver) return;
    const aborted = { initiator: 'local' } as const;
    const reason = error ?? new MuxError('ERR_MUX_ABORT', 'the connection was closed before its end', aborted);
    this.#finish(reason, error !== undefined);
    if (this.#socket.terminate === undefined) this.#socket.close(ABORTED);
    else this.#socket.terminate();
  }

  /** @internal */
  onConsumed(bytes: number): void {
    this.#unreadBytes -= bytes;
    if (!this.#isPaused || this.#unreadBytes >= HIGH_WATER_BYTES) return;
    this.#isPaused = false;
    this.#socket.resume?.();
  }

  /** @internal */
  onCancelled(): void {
    if (this.#isEnded) this._destroy(undefined);
  }

  // One of `ws` keeps what it is given until the system takes it.
  #toSend(chunk: Uint8Array): Uint8Array {
    if (this.#socket.terminate === undefined) return chunk;
    this.#waitingMessages = this.#socket.bufferedAmount > 0 ? this.#waitingMessages + 1 : 0;
    return unpinned(chunk);
  }

  // In pieces of `maxMessageBytes`: a receiver refuses messages that are longer than it wants.
  #send(chunk: Uint8Array, done?: WriteDone): void {
    const bytes = chunk as Uint8Array<ArrayBuffer>;
    let at = 0;
    for (; bytes.length - at > this.#maxMessageBytes; at += this.#maxMessageBytes)
      this.#socket.send(bytes.subarray(at, at + this.#maxMessageBytes));
    if (done === undefined) {
      this.#socket.send(bytes.subarray(at));
      return;
    }
    const confirm: WriteDone = (error) => {
      done(error ?? (this.isOver ? neverSent() : undefined));
    };
    // A WebSocket of `ws` keeps the bytes and calls back. One of a browser takes a copy, so a write there only waits for room.
    const callsBack = this.#socket.terminate !== undefined;
    this.#socket.send(bytes.subarray(at), callsBack ? confirm : undefined);
    if (!callsBack) this._drained(confirm);
  }

  #onOpen(): void {
    this.#wasOpen = true;
    const early = this.#early;
    const done = (): void => {
      for (const callback of this.#earlyDone.splice(0)) callback();
    };
    early.moveTo({ append: (bytes) => this.#send(bytes, early.isEmpty ? done : undefined) }, early.bytes);
    if (this.#isEnded) this.#socket.close(NORMAL);
  }

  #receive(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.bytesRead += bytes.length;
    this.#unreadBytes += bytes.length;
    this.inbox.push(bytes);
    if (this.#unreadBytes > this.#receiveBufferBytes) {
      const text = `${this.#unreadBytes} bytes wait to be read on connection ${this.id}, allowed ${this.#receiveBufferBytes}`;
      this._destroy(new OverflowError('ERR_MUX_OVERFLOW', text));
    } else if (this.#unreadBytes >= HIGH_WATER_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause?.();
    }
    // Messages of the peer arrive on time even if timers do not, and often because it took our bytes.
    if (!this.#waiting.isEmpty && !this.needsDrain) this.#wakeWriters();
  }

  #refuseText(): void {
    const text = 'a text message came on a WebSocket that carries bytes: send binary messages';
    this.#finish(new ProtocolError('ERR_MUX_FRAME', text, { initiator: 'remote' }));
    this.#socket.close(UNSUPPORTED_DATA);
  }

  #onClose({ code, reason }: WebSocketEnd): void {
    const { message, error: cause } = this.#failure;
    const facts = { initiator: 'remote', wireCode: code, cause } as const;
    const why = message ?? `code ${code}${reason === '' ? '' : `, ${JSON.stringify(reason)}`}`;
    if (!this.#wasOpen)
      this.#finish(
        new MuxError('ERR_MUX_CONNECT', `the WebSocket was not opened: ${why}`, { ...facts, retryable: true }),
      );
    else if (code === NORMAL || code === NO_CODE) this.#finish(undefined);
    else if (code === TOO_BIG) {
      const text = `the other end takes no message so long: lower maxMessageBytes, ${this.#maxMessageBytes} here (${why})`;
      this.#finish(new OverflowError('ERR_MUX_OVERFLOW', text, facts));
    } else this.#finish(new ResetError('ERR_MUX_RESET', `the WebSocket was closed early: ${why}`, facts));
  }

  /** Over in both directions; without an error, `closed$` reports an orderly end. */
  #finish(error: MuxError | undefined, isTold = true): void {
    if (this.isOver) return;
    this.close(isTold ? error : undefined);
    this.#early.clear();
    for (const callback of this.#earlyDone.splice(0)) callback(neverSent());
    if (error === undefined) this.inbox.end();
    else this.inbox.fail(error, error.initiator === 'remote' ? this.#patience() : undefined);
    this.#wakeWriters();
    this.#ticks.close();
  }

  #patience(): Patience {
    return { scheduler: this.#scheduler, stallTimeoutMs: STALL_TIMEOUT_MS };
  }

  #wakeWriters(): void {
    this.#ticks.stop();
    this.#waiting.wake(this);
  }
}

/**
 * Makes a Conn of a WebSocket: a browser's, one of `ws`, client or server, open or still connecting. What is written goes out as
 * binary messages; how bytes are cut into messages means nothing, in either direction.
 *
 * One of `ws` takes messages of 1 MiB at most, unless it was made with a `maxPayload` other than its own default of 100 MiB. Those of browsers have no
 * bound.
 *
 * A WebSocket has no half-close: `complete` closes it, with code 1000, once all is sent, and what the peer still had to say is
 * lost. The peer's close with 1000, or without a code, completes; 1009, for a message that is longer than it takes, errors with
 * `ERR_MUX_OVERFLOW` (see `maxMessageBytes`), any other code with `ERR_MUX_RESET`, both with the code as `wireCode`, a WebSocket that never opened with `ERR_MUX_CONNECT`, a text message with `ERR_MUX_FRAME`. `error` ends it without
 * a closing handshake, in browsers with code 4000.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a bound out of range
 * @example
 * ```ts
 * const s = session(fromWebSocket(new WebSocket('wss://example.com/mux')), { codec: yamux(), role: 'client' });
 * ```
 */
export function fromWebSocket(socket: WebSocketTransport, options: FromWebSocketOptions = {}): Conn {
  if (typeof (socket as Partial<WebSocketTransport>).addEventListener !== 'function')
    throw new UsageError('ERR_MUX_OPTION', 'fromWebSocket takes a WebSocket: of a browser, or of the package ws');
  checkWholeNumber('receiveBufferBytes', options.receiveBufferBytes, 1);
  checkWholeNumber('maxMessageBytes', options.maxMessageBytes, 1);
  return new WebSocketConn(socket, options);
}
