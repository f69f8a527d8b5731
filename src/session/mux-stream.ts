import { checkWholeNumber } from '../bytes/whole-number.js';
import { InboxConn } from '../conn/inbox-conn.js';
import type { WriteDone } from '../conn/lent.js';
import { NOBODY } from '../conn/reading.js';
import { MuxError, ResetError } from '../errors.js';
import type { ReceiveWindow } from '../flow/window.js';
import { unreadAfter } from './left-unread.js';
import type { Outbox } from './outbox.js';
import { SendQueue } from './send-queue.js';
import type { StreamHost, StreamMeta, TypePrefix } from './stream-host.js';

const MAX_CODE = 0xffff_ffff;
/**
 * One stream of a session: a Conn. `complete` half-closes it, `error` resets it, bytes wait in it for the peer's window.
 * Given by `session.open()` and `session.accept$`; not to be made otherwise.
 */
export class MuxStream extends InboxConn<string, StreamMeta> {
  /** The stream's id on the wire; 0 while it waits to be opened. */
  streamId = 0;
  bytesRead = 0;
  /** Share of the connection against other streams with data, 1 to 256. */
  readonly weight: number;
  /** @internal What we let the peer send. */
  readonly window: ReceiveWindow;
  /** Bytes that the peer lets us send now. */
  sendWindowBytes: number;
  /** @internal Bytes sent, modulo 2^32. */
  sentBytes = 0;
  /** @internal Bytes it may send in this turn. */
  deficitBytes = 0;
  /** @internal It is in line for a turn. */
  isQueued = false;
  /** @internal Its credit is to be granted at the next flush. */
  owesCredit = false;
  /** @internal The opening frame is to go with the first data, or was not sent for another reason. */
  isUnopened = true;
  /** @internal The peer has confirmed the stream, or opened it. */
  isAccepted = false;
  /** @internal We opened it. */
  isLocal = false;
  /** @internal The peer's FIN has come. */
  remoteEnded = false;
  /** @internal It waits in `accept$` for a subscriber. */
  isWaiting = false;
  /** @internal What has come of its type, while that is to come. */
  typePrefix: TypePrefix | undefined;
  /** @internal The next one in its slot of the table. */
  nextInSlot: MuxStream | undefined;
  readonly #host: StreamHost<MuxStream>;
  readonly #outbound: SendQueue;
  // 'cut': no more bytes are taken, and no FIN may follow, since the peer would take a part for the whole.
  #localEnd: 'open' | 'due' | 'sent' | 'cut' = 'open';
  // The reset that follows the written bytes, and our FIN if there is one.
  #resetDue: MuxError | undefined;
  #cancelled = false;

  /** @internal */
  constructor(host: StreamHost<MuxStream>, window: ReceiveWindow, sendWindowBytes: number, weight: number) {
    super(host.conn, host.sendBufferBytes);
    this.#host = host;
    this.#outbound = new SendQueue(this, host.sendRoom);
    this.window = window;
    this.sendWindowBytes = sendWindowBytes;
    this.weight = weight;
  }

  get encrypted(): boolean {
    return this.#host.conn.encrypted;
  }
  get bytesWritten(): number {
    return this.#outbound.writtenBytes;
  }
  get bufferedBytes(): number {
    return this.#outbound.bytes;
  }
  get needsDrain(): boolean {
    return !this.isOver && (this.#localEnd === 'cut' || this.#outbound.isFull);
  }

  /** @internal */
  override get _sendBufferBytes(): number {
    return this.#host.sendRoom.limit(super._sendBufferBytes);
  }

  /**
   * Resets the stream with a code of the protocol (docs/wire lists them): both directions end now, unsent bytes are lost. `error(reason)`
   * sends the code for a cancelled stream. Where the wire has no codes the peer sees a reset without one (yamux), or an end (smux).
   *
   * @param code - the code on the wire, 0 to 2^32-1
   * @throws UsageError `ERR_MUX_OPTION` for a code that is none
   */
  reset(code: number): void {
    checkWholeNumber('code', code, 0, MAX_CODE);
    const text = `stream ${this.streamId} was reset here with code ${code}`;
    this._destroy(new ResetError('ERR_MUX_RESET', text, { ...this.facts('local'), wireCode: code }));
  }

  /**
   * Wants no more of what the peer sends, as unsubscribing does: for streams that only write and never had a reader. What comes is
   * dropped, or with `onCancel: 'reset'` the stream is reset.
   */
  cancelRead(): void {
    this._read(NOBODY);
    this.inbox.cancel();
  }

  /** @internal */
  _write(chunk: Uint8Array, done?: WriteDone): boolean {
    if (this.#localEnd === 'open' && this.#host.closing?.refuses(this, chunk.length) === true) this.#localEnd = 'cut';
    if (this.isOver || this.#localEnd !== 'open') return this.refuse(done);
    const isNext = this.#outbound.bytes + chunk.length <= this.sendWindowBytes && !this.#host.isBlocked;
    this.#outbound.write(chunk, isNext, done);
    this.#host.ready(this);
    return !this.needsDrain;
  }

  /** @internal */
  _drained(callback: () => void): () => void {
    if (!this.needsDrain) {
      callback();
      return () => undefined;
    }
    return this.#outbound.await(callback);
  }

  /** @internal */
  protected _end(): void {
    if (this.isOver || this.#localEnd !== 'open') return;
    this.#localEnd = 'due';
    if (this.#outbound.bytes === 0 || this.sendWindowBytes > 0) this.#host.ready(this);
  }

  /** @internal */
  _destroy(error: MuxError | undefined, reset = true): void {
    if (this.isOver) return;
    if (!reset && error === undefined && this.remoteEnded && this.bytesWritten === 0) {
      // Given up before an answer, and the peer has ended: an end in return, as of a socket.
      this._end();
      return;
    }
    const reason = error ?? new MuxError('ERR_MUX_ABORT', 'the stream was closed before its end', this.facts('local'));
    this.#host.reset(this, reason);
    this.fail(reason, error !== undefined);
  }

  /** @internal */
  override _fail(error: MuxError): void {
    if (this.#outbound.bytes === 0) this._destroy(error);
    else this.#failLater(error, 'cut');
  }

  #failLater(error: MuxError, localEnd: 'cut' | 'open' | 'due'): void {
    this.#resetDue = error;
    this.#localEnd = localEnd;
    this.#host.waits();
  }

  /** Bytes that we let the peer send when everything is read; grows with need. */
  get receiveWindowBytes(): number {
    return this.window.sizeBytes;
  }

  /** @internal For errors about this stream. */
  facts(initiator: 'local' | 'remote' | 'library'): { scope: 'stream'; initiator: typeof initiator; streamId: number } {
    return { scope: 'stream', initiator, streamId: this.streamId };
  }

  /** @internal Bytes that may leave now. */
  get sendableBytes(): number {
    return Math.min(this.#outbound.bytes, this.sendWindowBytes);
  }

  /** @internal FIN is to follow now: nothing is before it any more. */
  get isEndDue(): boolean {
    return this.#localEnd === 'due' && this.#outbound.bytes === 0 && !this.isOver;
  }

  /** @internal A reset waits until bytes have left. */
  get isFailing(): boolean {
    return this.#resetDue !== undefined;
  }

  /** @internal We have ended, the peer has not. */
  get isHalfClosed(): boolean {
    return this.#localEnd === 'sent' && !this.remoteEnded;
  }

  /** @internal There is no reader, and nothing more is written: a peer that goes on sending gets a reset. */
  get isAbandoned(): boolean {
    return this.#cancelled && this.#localEnd === 'sent';
  }

  /** @internal True once, when the next frame is the one that opens the stream. */
  opensNow(): boolean {
    const opens = this.isUnopened;
    this.isUnopened = false;
    return opens;
  }

  /** @internal Moves bytes to be sent; there is window for them. */
  moveTo(outbox: Outbox, bytes: number): void {
    this.sendWindowBytes -= bytes;
    this.deficitBytes -= bytes;
    this.sentBytes = (this.sentBytes + bytes) >>> 0;
    this.#outbound.send(outbox, bytes);
  }

  /** @internal A turn is over: a reset that waited for it goes, writers that wait may go on. */
  onSent(): void {
    if (this.isFailing && this.#localEnd === 'cut' && this.#outbound.bytes === 0) this._destroy(this.#resetDue);
    if (this.#outbound.bytes > 0) this.#host.waits();
    this.#outbound.onSent(this.needsDrain);
  }

  /** @internal */
  onEndSent(): void {
    this.#localEnd = 'sent';
    if (this.remoteEnded) this.#left(this.#leave(undefined, true));
    else if (this.#resetDue !== undefined) this._destroy(this.#resetDue);
    else this.#host.waits();
  }

  /** @internal Puts a stream type before everything that is written. */
  putType(type: number): void {
    this.#outbound.prepend(Uint8Array.of(type >>> 24, type >>> 16, type >>> 8, type));
  }

  /** @internal The stream has its id: what was written, or ended, while it waited may go. */
  onOpened(): void {
    if (this.sendableBytes > 0 || this.isEndDue) this.#host.ready(this);
  }

  /** @internal The peer grants more. */
  onCredit(bytes: number): void {
    this.sendWindowBytes = bytes;
    if (this.sendableBytes > 0) this.#host.ready(this);
  }

  /** @internal Bytes arrived, within the window. */
  receive(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.bytesRead += bytes.length;
    this.#host.held(this, bytes.length);
    this.inbox.push(bytes);
    this.#host.onHeld();
  }

  /** @internal The peer's FIN. */
  onEnd(): void {
    this.remoteEnded = true;
    this.inbox.end();
    if (this.#localEnd === 'sent') this.#left(this.#leave(undefined, true));
    else this.#host.waits();
  }

  /** @internal Credit due, in bytes; none once the peer has ended. */
  grant(): number {
    return this.remoteEnded || this.isOver ? 0 : this.window.grant();
  }

  /** @internal */
  onConsumed(bytes: number): void {
    this.#host.consumed(this, bytes);
  }

  /** @internal */
  onCancelled(error?: MuxError): void {
    if (this.isOver || this.remoteEnded) return;
    this.#cancelled = true;
    if (error === undefined) this.#host.cancelled(this);
    else if (this.#localEnd === 'sent') this._destroy(error);
    else this.#failLater(error, this.#localEnd);
  }

  /** @internal Ends both directions now, without a frame. Without an error, `closed$` reports an orderly end. */
  fail(error: MuxError, isTold = true): void {
    if (this.isOver) return;
    this.#outbound.drop();
    const unread = unreadAfter(error, this, this.#host.settings);
    if (unread !== 'kept') this.isWaiting = false;
    const wasOpen = this.#leave(isTold ? error : undefined);
    if (unread === 'dropped') this.inbox.drop();
    this.inbox.fail(error, unread === 'kept' ? this.#host.settings : undefined);
    // After the reader: a Duplex has to know the reason before its write fails.
    this.#outbound.closeLoans(error);
    this.#left(wasOpen);
  }

  #leave(error: MuxError | undefined, wentWell = false): boolean {
    const isKnown = this.#host.over(this, wentWell);
    this.close(error);
    return isKnown;
  }

  #left(wasOpen: boolean): void {
    this.onSent();
    // Last, since it may flush: what is over must not be granted credit.
    if (wasOpen) this.#host.gone();
  }
}
