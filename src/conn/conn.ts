import { Observable, type Observer, type Subscriber, type TeardownLogic, type Unsubscribable } from 'rxjs';
import type { Duplex } from 'node:stream';
import { MuxError, OverflowError, UsageError } from '../errors.js';
import type { Addresses } from './addresses.js';
import { checkConnKey, type CONN_KEY } from './conn-key.js';
import { Puller } from './puller.js';
import { checkBytes, isLent, type WriteDone } from './lent.js';
import type { ConnMeta } from './meta.js';
import type { Intake, PeekHandler, Peeking, Reading } from './reading.js';

/** How a connection ended: `error` is absent after both ends completed. */
export interface ConnClosed {
  /** Why it ended early: a reset, a failure or a limit. Absent after an orderly end. */
  readonly error?: MuxError;
}

/** The bound of {@link Conn.next}'s buffer unless an option says otherwise: 1 MiB. */
export const SEND_BUFFER_BYTES = 1 << 20;

const UNKNOWN: ConnMeta = Object.freeze({});
let lastId = 0;

/** Between a Conn and who subscribed to it: one object, since a server makes one for each stream. */
class Subscribed implements Intake, Unsubscribable {
  readonly #subscriber: Subscriber<Uint8Array>;
  readonly #reading: Reading;

  constructor(conn: Conn, subscriber: Subscriber<Uint8Array>) {
    this.#subscriber = subscriber;
    this.#reading = conn._read(this);
    this.#reading.resume();
  }

  next(chunk: Uint8Array): void {
    this.#subscriber.next(chunk);
    this.#reading.consumed(chunk.length);
  }

  complete(): void {
    this.#subscriber.complete();
  }

  error(error: MuxError): void {
    this.#subscriber.error(error);
  }

  unsubscribe(): void {
    this.#reading.cancel();
  }
}

// One function for all Conns, called with the Conn as `this`: a Conn costs no closure to be an Observable.
function subscribeConn(this: Observable<Uint8Array>, subscriber: Subscriber<Uint8Array>): TeardownLogic {
  return new Subscribed(this as Conn, subscriber);
}

/**
 * A duplex byte connection: **an Observable of the bytes that come in and an Observer of the bytes that go out**.
 *
 * Reading is unicast and starts with the first of `subscribe`, `for await`, {@link Conn.readable} or {@link Conn.duplex};
 * a second reader gets `ERR_MUX_SECOND_SUBSCRIBE`. *Complete* = the peer's FIN, in TLS its `close_notify`; *error* = reset or failure
 * (`ERR_MUX_RESET`, `ERR_MUX_ABORT`, `ERR_MUX_OVERFLOW`); *unsubscribing* early = cancel: later inbound bytes are dropped, and
 * once the outbound side is complete too the connection is destroyed. Until a reader comes, the peer is held back.
 *
 * **Handle `error` wherever you read.** A peer that is killed resets its connection, and rxjs ends the process over an error
 * that has no handler: `conn.subscribe({ next, error })`. `flowTo` and the sinks need none.
 *
 * Writing: `next` sends, `complete` half-closes (FIN), `error` resets. Bytes consumed means: `subscribe(fn)` when `fn`
 * returns, `consume` when the work ends, `flowTo` when the destination has taken them, pull interfaces when pulled.
 *
 * @typeParam P - literal name of the protocol, once sniffed; `''` before
 * @typeParam M - what was learned, by protocol name
 * @example
 * ```ts
 * listen({ port: 7 }).subscribe((conn) => conn.pipe(flowTo(conn)).subscribe());   // echo
 * ```
 */
export abstract class Conn<P extends string = string, M extends object = ConnMeta>
  extends Observable<Uint8Array>
  implements Observer<Uint8Array>, AsyncIterable<Uint8Array>
{
  /** Unique within the process, ascending in the order of creation. */
  readonly id: number = ++lastId;
  /** The protocol found by `sniff`; `''` before. */
  readonly protocol: P = '' as P;
  /** What sniffing and earlier stages (`tls`, `proxy`) learned, by protocol name. */
  readonly meta: M = UNKNOWN as M;
  #outboundEnded = false;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  readonly #sendBufferBytes: number;
  /** @internal Bytes in the queue of the writable Web Stream. */
  protected queuedBytes = 0;

  /**
   * Only classes of this package extend Conn: the key is not exported. A Conn of your own is made with `fromDuplex`, `fromStreams` or
   * `fromWebSocket`.
   *
   * @throws UsageError `ERR_MUX_USAGE` without the key
   */
  protected constructor(key: typeof CONN_KEY, sendBufferBytes: number = SEND_BUFFER_BYTES) {
    checkConnKey(key);
    super(subscribeConn);
    this.#sendBufferBytes = sendBufferBytes;
  }

  /**
   * Address of the other end (of the client behind a trusted PROXY header); absent on a Unix socket, and for a peer that was
   * gone before it was accepted. Stays after the end where the connection was read, peeked at, watched by `closed$` or turned
   * away here; one that was handed to a server keeps it if it was asked for before.
   */
  abstract readonly remoteAddress: string | undefined;
  /** Port of the other end (of the client behind a trusted PROXY header), 0 to 65535; absent on a Unix socket. */
  abstract readonly remotePort: number | undefined;
  /** Address that the connection came to (at the proxy, behind a trusted PROXY header); absent on a Unix socket, kept like `remoteAddress`. */
  abstract readonly localAddress: string | undefined;
  /** Port that the connection came to, 0 to 65535; absent like `localAddress`. */
  abstract readonly localPort: number | undefined;
  /** True inside a TLS layer. */
  abstract readonly encrypted: boolean;
  /** Bytes received so far; 0 over a Duplex that does not count. */
  abstract readonly bytesRead: number;
  /** Bytes given to be sent so far, those still waiting included; 0 over a Duplex that does not count. */
  abstract readonly bytesWritten: number;
  /** Bytes given to {@link Conn.next} that are still waiting here to be sent. */
  abstract readonly bufferedBytes: number;
  /** True when a writer should wait before the next chunk; `paced`, `flowTo` and the pull interfaces do. */
  abstract readonly needsDrain: boolean;
  /** Emits once, then completes, when the connection is over in both directions; replayed to late subscribers. Never errors. */
  abstract readonly closed$: Observable<ConnClosed>;

  /**
   * The connection as a Node Duplex, for servers and libraries that want one; for a socket, the very socket. It hands the
   * connection over: the caller now owns its errors, and the other ways of reading end in `ERR_MUX_SECOND_SUBSCRIBE`.
   *
   * The Duplex may be half open, as a Conn may: after the peer's end it writes on. A client that expects a socket of `net.connect`, TLS
   * and HTTP/2 above all, waits for ever after a FIN without `close_notify` or GOAWAY: set `allowHalfOpen = false` on it first, or use
   * `connectThrough`, which does.
   */
  abstract duplex(): Duplex;

  /** @internal True once the peer's FIN has arrived, even if bytes before it are still unread. */
  abstract readonly _hasEnded: boolean;
  /** @internal */
  abstract _read(intake: Intake): Reading;
  /** @internal Looks at the first bytes without consuming them; only before there is a reader. */
  abstract _peek(handler: PeekHandler): Peeking;
  /** @internal Bytes that may wait to be sent before `next` ends the connection. */
  get _sendBufferBytes(): number {
    return this.#sendBufferBytes;
  }

  /** @internal Changes with every byte that leaves. */
  get _sendProgress(): number {
    return this.bytesWritten - this.bufferedBytes;
  }

  /**
   * @internal Sends, and answers whether the writer may go on at once. The chunk is kept until its bytes have left. `done` is called
   * once, perhaps within this call: when they have, or with an error when they never will. Then the buffer may be used again.
   */
  abstract _write(chunk: Uint8Array, done?: WriteDone): boolean;
  /** @internal Sends chunks, at least one, in order, together where the connection can; the rest is as for {@link Conn._write}. */
  _writeAll(chunks: readonly Uint8Array[], done?: WriteDone): boolean {
    const last = chunks.length - 1;
    for (let at = 0; at < last; at++) this._write(chunks[at] as Uint8Array);
    return this._write(chunks[last] as Uint8Array, done);
  }

  /** @internal Calls back once when a writer may go on or the connection is gone; gives back the way to forget it. */
  abstract _drained(callback: () => void): () => void;
  /** @internal Sends FIN after what is buffered. */
  protected abstract _end(): void;
  /** @internal Ends both directions now; `reset` says so on the wire where the wire can. */
  abstract _destroy(error: MuxError | undefined, reset: boolean): void;
  /** @internal Resets, as {@link Conn.error}, but after the written bytes if the connection can do that. */
  _fail(error: MuxError): void {
    this.error(error);
  }
  /** @internal Replaces the addresses, on the underlying socket too, where servers look for them. */
  abstract _readdress(addresses: Addresses): void;

  /** @internal Sets what was found out; keeps what was known. */
  _identify(protocol: string, meta: unknown): void {
    const conn = this as { protocol: string; meta: object };
    conn.protocol = protocol;
    conn.meta = this.meta === (UNKNOWN as unknown) ? { [protocol]: meta } : { ...this.meta, [protocol]: meta };
  }

  /** @internal Adds what a stage found out. */
  _know(meta: ConnMeta): void {
    (this as { meta: object }).meta = this.meta === (UNKNOWN as unknown) ? meta : { ...this.meta, ...meta };
  }

  /**
   * Sends bytes. The chunk is kept, not copied, until its bytes have left, and nothing says when: do not change it afterwards. To
   * use a buffer again, write a copy, or write to {@link Conn.duplex} or {@link Conn.writable}, which say when they are done.
   *
   * More than `sendBufferBytes` (1 MiB unless set) waiting to be sent ends the connection with
   * `ERR_MUX_OVERFLOW`: pace the writer with `paced` or `flowTo`. Ignored after `complete`, `error` and the end of the connection.
   *
   * @throws UsageError `ERR_MUX_USAGE` for what is no Uint8Array: a string has to be encoded
   */
  next(chunk: Uint8Array): void {
    if (this.#outboundEnded) return;
    checkBytes(chunk);
    this._write(chunk);
    const waiting = this.bufferedBytes;
    const allowed = this._sendBufferBytes;
    if (waiting <= allowed) return;
    const why = allowed < this.#sendBufferBytes ? ', since a send budget is full' : '';
    const text = `${waiting} bytes wait to be sent on connection ${this.id}, allowed ${allowed}${why}`;
    this.#fail(new OverflowError('ERR_MUX_OVERFLOW', text));
  }

  /** Half-closes: FIN follows what was sent; reading goes on. */
  complete(): void {
    if (this.#outboundEnded) return;
    this.#outboundEnded = true;
    this._end();
  }

  /** Resets: both directions end now, unsent bytes are lost, and the peer gets a reset where the protocol has one. */
  error(reason: unknown): void {
    this.#fail(MuxError.from(reason, 'ERR_MUX_ABORT', { initiator: 'local' }));
  }

  #fail(error: MuxError): void {
    this.#outboundEnded = true;
    this._destroy(error, true);
  }

  /** The inbound bytes as a Web Stream; pulled one chunk at a time. */
  get readable(): ReadableStream<Uint8Array> {
    return (this.#readable ??= new Puller(this).readable());
  }

  /**
   * The outbound bytes as a Web Stream; `close` half-closes, `abort` resets. A write is done when the connection can take more and
   * the chunk may be used again.
   */
  get writable(): WritableStream<Uint8Array> {
    let failure: MuxError | undefined;
    // Called for each written chunk. The chunk may then wait in the queue of the stream.
    const size = (chunk: unknown): number => {
      if (chunk instanceof Uint8Array) this.queuedBytes += chunk.length;
      return 1;
    };
    return (this.#writable ??= new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.closed$.subscribe(({ error }) => {
            failure = error ?? new MuxError('ERR_MUX_CLOSED', `connection ${this.id} is closed`);
            controller.error(failure);
          });
        },
        write: (chunk) => {
          checkBytes(chunk);
          this.queuedBytes -= chunk.length;
          const lent = isLent(chunk);
          if (!lent && this._write(new Uint8Array(chunk))) return undefined;
          return new Promise<void>((resolve, reject) => {
            const done: WriteDone = (error) => {
              const why = failure ?? error ?? undefined;
              if (why === undefined) resolve();
              else reject(why);
            };
            if (lent) this._write(chunk, done);
            else this._drained(done);
          });
        },
        close: () => {
          this.complete();
        },
        abort: (reason) => {
          this.error(reason);
        },
      },
      { highWaterMark: 1, size },
    ));
  }

  /** Pulls inbound chunks one at a time; leaving the loop early cancels reading. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return new Puller(this);
  }
}

/** Checks that an argument of `name` is a Conn. @throws UsageError `ERR_MUX_OPTION` for anything else */
export function requireConn(name: string, value: unknown): void {
  if (!(value instanceof Conn)) throw new UsageError('ERR_MUX_OPTION', `${name} takes a Conn: see fromDuplex`);
}
