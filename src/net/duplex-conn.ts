import { Observable, shareReplay } from 'rxjs';
import type { WriteDone } from '../conn/lent.js';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressesOf, type Addresses } from '../conn/addresses.js';
import { CONN_KEY } from '../conn/conn-key.js';
import { Conn, type ConnClosed } from '../conn/conn.js';
import {
  refusedPeek,
  refusedReading,
  secondReader,
  type InboundFilter,
  type Intake,
  type PeekHandler,
  type Peeking,
  type Reading,
} from '../conn/reading.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { UsageError, type MuxError } from '../errors.js';
import { carryAddresses } from './carry-addresses.js';
import { DuplexPeek } from './duplex-peek.js';
import { DuplexReading } from './duplex-reading.js';
import { DuplexWriting } from './duplex-writing.js';
import { hasEnded } from './end-of-stream.js';
import { failureOf } from './failure.js';
import { LateWriteFailure } from './late-write-failure.js';
import { RelayDuplex } from './relay-duplex.js';
import { canReset, resetSocket } from './reset-socket.js';
import { SocketPeek } from './socket-peek.js';
import type { SocketLike } from './socket-like.js';
import { TlsEnd } from './tls-end.js';
import { whenSent } from './when-sent.js';

/** Settings of a Conn over a Duplex. */
export interface FromDuplexOptions {
  /** Bytes that may wait to be sent before `next` ends the connection. @defaultValue 1048576 (1 MiB) */
  readonly sendBufferBytes?: number;
}

/** A Conn over a Node Duplex, a socket above all. */
export class DuplexConn extends Conn {
  #duplex: SocketLike;
  #taken = false;
  #failure: MuxError | undefined;
  #closed$: Observable<ConnClosed> | undefined;
  #peek: SocketPeek | undefined;
  #addresses: Addresses | undefined;
  #isUnix = false;
  #writes: DuplexWriting | undefined;
  #tlsEnd: TlsEnd | undefined;
  // Reader and closed$ hear of errors by 'close'. Without any listener an RST from a client would end the process.
  readonly #onError = (error: unknown): void => {
    this.#peek?.closed(failureOf(error));
  };

  /** @param addresses - those of the ends that are known already */
  constructor(duplex: Duplex, options: FromDuplexOptions = {}, addresses?: Addresses) {
    super(CONN_KEY, options.sendBufferBytes);
    this.#duplex = duplex;
    this.#addresses = addresses;
    this.#tlsEnd = TlsEnd.of(duplex);
    duplex.on('error', this.#onError);
  }

  get remoteAddress(): string | undefined {
    return this.keepAddresses().remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.keepAddresses().remotePort;
  }
  get localAddress(): string | undefined {
    return this.keepAddresses().localAddress;
  }
  get localPort(): number | undefined {
    return this.keepAddresses().localPort;
  }
  get encrypted(): boolean {
    return this.#duplex.encrypted === true;
  }
  get bytesRead(): number {
    return this.#duplex.bytesRead ?? 0;
  }
  get bytesWritten(): number {
    return this.#duplex.bytesWritten ?? 0;
  }
  get bufferedBytes(): number {
    return this.#duplex.writableLength;
  }
  get needsDrain(): boolean {
    return this.#writes?.needsDrain ?? this.#duplex.writableNeedDrain;
  }

  /**
   * Asks the system for the addresses, once. A closed socket has none, so they are asked for when a reader comes, when a peek
   * goes on, when `closed$` is watched and before the socket is destroyed. Not at accept: the two system calls are 5 % of a
   * short connection, and a server that gets its request in one packet needs neither.
   *
   * @internal
   */
  keepAddresses(): Addresses {
    if (this.#addresses !== undefined) return this.#addresses;
    const addresses = addressesOf(this.#duplex);
    // A socket that is not connected yet gets its addresses later.
    if (addresses.remoteAddress !== undefined) this.#addresses = addresses;
    return addresses;
  }

  /** @internal Changes with every byte that is received or that the system takes. */
  get progress(): number {
    return this.bytesRead + this._sendProgress;
  }

  /** @internal */
  override get _sendProgress(): number {
    // Only the handle knows how much of a large write has left.
    const { _handle: handle } = this.#duplex as { readonly _handle?: { readonly writeQueueSize?: number } | null };
    return super._sendProgress - (handle?.writeQueueSize ?? 0);
  }

  /** @internal True once one side has ended and the other has not. */
  get isHalfClosed(): boolean {
    return hasEnded(this.#duplex) !== this.#duplex.writableEnded;
  }

  /** @internal */
  get isOver(): boolean {
    return this.#duplex.destroyed;
  }

  get closed$(): Observable<ConnClosed> {
    this.keepAddresses();
    return (this.#closed$ ??= this.#watchClose().pipe(shareReplay({ bufferSize: 1, refCount: true })));
  }

  #watchClose(): Observable<ConnClosed> {
    return new Observable((subscriber) => {
      const duplex = this.#duplex;
      const tell = (): void => {
        const error = this.#whyClosed();
        subscriber.next(error === undefined ? {} : { error });
        subscriber.complete();
      };
      if (duplex.closed) {
        tell();
        return;
      }
      duplex.once('close', tell);
      subscriber.add(() => duplex.off('close', tell));
    });
  }

  duplex(): Duplex {
    if (this.#taken) {
      throw secondReader(this.id);
    }
    this.#take();
    this.#tlsEnd?.forget();
    this.#duplex.off('error', this.#onError);
    return this.#duplex;
  }

  get _hasEnded(): boolean {
    return hasEnded(this.#duplex);
  }

  _read(intake: Intake): Reading {
    if (this.#taken) return refusedReading(intake, this.id);
    this.#take();
    this.keepAddresses();
    const duplex = this.#duplex;
    const writes = duplex instanceof Socket ? new LateWriteFailure(duplex) : undefined;
    return new DuplexReading(duplex, intake, () => this.#whyClosed(), writes, this.#tlsEnd);
  }

  _peek(handler: PeekHandler): Peeking {
    const duplex = this.#duplex;
    if (this.#taken || this.#peek?.isOpen === true) return refusedPeek(handler, this.id);
    // What is in the stream's buffer already was pushed before anybody could look.
    if (
      !(duplex instanceof Socket) ||
      duplex.readableLength > 0 ||
      duplex.isPaused() ||
      hasEnded(duplex) ||
      duplex.destroyed
    ) {
      return new DuplexPeek(duplex, handler, this);
    }
    return (this.#peek = new SocketPeek(duplex, handler, this));
  }

  _write(chunk: Uint8Array, done?: WriteDone): boolean {
    return this.#writing.write(chunk, done);
  }

  override _writeAll(chunks: readonly Uint8Array[], done?: WriteDone): boolean {
    return this.#writing.writeAll(chunks, done);
  }

  _drained(callback: () => void): () => void {
    return this.#writing.drained(callback);
  }

  // Most connections are handed over before anything is written.
  get #writing(): DuplexWriting {
    return (this.#writes ??= new DuplexWriting(this.#duplex));
  }

  protected _end(): void {
    this.#duplex.end();
  }

  _destroy(error: MuxError | undefined, reset: boolean): void {
    this.#failure ??= error;
    this.keepAddresses();
    this.#peek?.closed(error);
    const duplex = this.#duplex;
    // Only TCP can say RST: a TLS or Unix socket throws at the attempt.
    const isTcp = duplex.remoteFamily !== undefined && !this.#isUnix;
    if (reset && !this.encrypted && isTcp && canReset(duplex)) resetSocket(duplex);
    else duplex.destroy();
  }

  override _fail(error: MuxError): void {
    // What Node has not passed to the system yet a reset would drop.
    if (this.bufferedBytes === 0) this.error(error);
    else whenSent(this, () => this.error(error));
  }

  _readdress(addresses: Addresses): void {
    // From here on the socket has a family: that of the address in the PROXY header.
    this.#isUnix ||= this.#duplex.remoteFamily === undefined;
    carryAddresses(this.#duplex, addresses);
    this.#addresses = addressesOf(this.#duplex);
  }

  /** @internal */
  relay(filter: InboundFilter, replay: Uint8Array): void {
    this.#duplex.off('error', this.#onError);
    this.#duplex = new RelayDuplex(this.#duplex, filter, replay);
    this.#writes = undefined;
    this.#duplex.on('error', this.#onError);
  }

  // The look is over: what it held, first bytes among it, must not live as long as the connection.
  #take(): void {
    this.#taken = true;
    this.#peek = undefined;
  }

  #whyClosed(): MuxError | undefined {
    const { errored } = this.#duplex;
    return this.#failure ?? (errored === null ? undefined : failureOf(errored));
  }
}

/**
 * Makes a Conn of any Node Duplex: a socket of your own, a pipe to a process, a stream of another library.
 *
 * @param duplex - a byte stream; one in object mode or with an encoding is refused
 * @throws UsageError `ERR_MUX_OPTION` for a stream that does not carry bytes, and a `sendBufferBytes` that is no whole number
 * @example
 * ```ts
 * const conn = fromDuplex(net.connect(7, 'localhost'));
 * conn.subscribe({
 *   next: (bytes) => process.stdout.write(bytes),
 *   error: (error) => console.error(error.message),
 * });
 * ```
 */
export function fromDuplex(duplex: Duplex, options: FromDuplexOptions = {}): Conn {
  if (duplex.readableObjectMode || duplex.writableObjectMode || duplex.readableEncoding !== null) {
    throw new UsageError('ERR_MUX_OPTION', 'fromDuplex needs a stream of bytes: no object mode, no encoding');
  }
  checkWholeNumber('sendBufferBytes', options.sendBufferBytes, 0);
  return new DuplexConn(duplex, options);
}
