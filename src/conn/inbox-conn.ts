import { ReplaySubject, type Observable } from 'rxjs';
import type { Duplex } from 'node:stream';
import { MuxError } from '../errors.js';
import { duplexOver, type ConnDuplex } from './conn-duplex.js';
import { addressesOf, type Addresses } from './addresses.js';
import { CONN_KEY } from './conn-key.js';
import { Conn, type ConnClosed } from './conn.js';
import { Inbox } from './inbox.js';
import { neverSent, type WriteDone } from './lent.js';
import type { ConnMeta } from './meta.js';
import {
  refusedPeek,
  refusedReading,
  secondReader,
  type Intake,
  type PeekHandler,
  type Peeking,
  type Reading,
} from './reading.js';

const ORDERLY: ConnClosed = Object.freeze({});

/** A Conn that is pushed to: its reader, its addresses, its end. What goes out is left to those that extend it. */
export abstract class InboxConn<P extends string = string, M extends ConnMeta = ConnMeta> extends Conn<P, M> {
  /** @internal */
  protected readonly inbox: Inbox = new Inbox(this);
  /** @internal The source of the addresses, unless they were replaced. */
  protected addresses: Addresses;
  #taken = false;
  #duplex: ConnDuplex | undefined;
  #closed: ConnClosed | undefined;
  // Made on first use: most streams end unwatched.
  #closed$: ReplaySubject<ConnClosed> | undefined;

  /** @internal */
  constructor(addresses: Addresses, sendBufferBytes?: number) {
    super(CONN_KEY, sendBufferBytes);
    this.addresses = addresses;
  }

  get remoteAddress(): string | undefined {
    return this.addresses.remoteAddress;
  }
  get remotePort(): number | undefined {
    return this.addresses.remotePort;
  }
  get localAddress(): string | undefined {
    return this.addresses.localAddress;
  }
  get localPort(): number | undefined {
    return this.addresses.localPort;
  }

  get closed$(): Observable<ConnClosed> {
    if (this.#closed$ === undefined) {
      this.#closed$ = new ReplaySubject(1);
      this.#tellClosed();
    }
    return this.#closed$.asObservable();
  }

  duplex(): Duplex {
    if (this.#duplex === undefined && this.#taken) throw secondReader(this.id);
    return (this.#duplex ??= duplexOver(this));
  }

  /** @internal */
  get _hasEnded(): boolean {
    return this.inbox.hasEnded;
  }

  /** @internal */
  _read(intake: Intake): Reading {
    if (this.#taken) return refusedReading(intake, this.id);
    this.#taken = true;
    return this.inbox.read(intake);
  }

  /** @internal */
  _peek(handler: PeekHandler): Peeking {
    return this.#taken ? refusedPeek(handler, this.id) : this.inbox.peek(handler);
  }

  /** @internal */
  _readdress(addresses: Addresses): void {
    this.addresses = { ...addressesOf(this), ...addresses };
  }

  /** @internal The reader is done with so many bytes. */
  abstract onConsumed(bytes: number): void;
  /** @internal The reader left before the end; with an error, the peer is notified. */
  abstract onCancelled(error?: MuxError): void;

  /** @internal A reader has attached or resumed, or a peek begins. */
  onWanted(): void {
    // A pushed Conn controls its peer by credit; a Conn that pulls overrides this.
  }

  /** @internal A listener of a Duplex threw, which with a socket is an uncaught exception, too. */
  onThrown(error: unknown): void {
    this._destroy(MuxError.from(error, 'ERR_MUX_ABORT', { initiator: 'local' }), true);
    queueMicrotask(() => {
      throw error;
    });
  }

  /** @internal Bytes in the queue of the Duplex or the Web Stream. */
  get unpassedBytes(): number {
    return this.queuedBytes + (this.#duplex?._unpassedBytes ?? 0);
  }

  /** @internal True once the connection is over in both directions. */
  get isOver(): boolean {
    return this.#closed !== undefined;
  }

  /** @internal Answers a write after our end; its writer waits as long as others do. */
  protected refuse(done: WriteDone | undefined): boolean {
    if (done !== undefined) this._drained(() => done(neverSent()));
    return !this.needsDrain;
  }

  /** @internal Says, once, that the connection is over. */
  protected close(error: MuxError | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = error === undefined ? ORDERLY : { error };
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#closed === undefined || this.#closed$ === undefined) return;
    this.#closed$.next(this.#closed);
    this.#closed$.complete();
  }
}
