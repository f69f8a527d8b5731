import { ByteQueue, type ByteSink } from '../bytes/byte-queue.js';
import type { InboxOwner } from '../conn/inbox.js';
import type { WriteDone } from '../conn/lent.js';
import { WaitingWriters } from '../conn/waiting-writers.js';
import type { MuxError } from '../errors.js';
import type { WaitingForRoom } from '../flow/send-budget.js';
import { Loans, type Borrower } from './loans.js';
import type { SendRoom } from './send-room.js';

// A writer is asked to wait from here on: enough for a flush or two.
const HIGH_WATER_BYTES = 131_072;

/** The unsent bytes of a stream, and the writers that wait for them to leave. */
export class SendQueue extends ByteQueue implements WaitingForRoom {
  /** Bytes written in all. */
  writtenBytes = 0;
  readonly #owner: InboxOwner;
  readonly #room: SendRoom;
  // The memory that it counts for in the send budgets.
  #countedBytes = 0;
  #waiting: WaitingWriters | undefined;
  #loans: Loans | undefined;

  constructor(owner: InboxOwner, room: SendRoom) {
    super();
    this.#owner = owner;
    this.#room = room;
  }

  /** True when a writer should wait before the next chunk. */
  get isFull(): boolean {
    return this.bytes >= HIGH_WATER_BYTES || this.#lacksRoom;
  }

  // Less than the limit is waiting, and yet the budgets have no room for more.
  get #lacksRoom(): boolean {
    return this.#countedBytes >= this.#room.shareBytes;
  }

  /** Adds a chunk; `isNext` if it may leave with the next flush, and need not be copied for a wait. */
  write(chunk: Uint8Array, isNext: boolean, done: WriteDone | undefined): void {
    this.writtenBytes += chunk.length;
    if (isNext) this.push(chunk);
    else this.keep(chunk);
    this.#count();
    if (done !== undefined) (this.#loans ??= new Loans(this.#owner)).add(this.writtenBytes, done);
  }

  /** Puts bytes of the session before all written bytes. */
  prepend(bytes: Uint8Array): void {
    this.push(bytes);
    this.#count();
  }

  /** Moves the first `bytes` bytes to the outbox; there must be as many. */
  send(outbox: ByteSink & Borrower, bytes: number): void {
    this.moveTo(outbox, bytes);
    this.#count();
    this.#loans?.moved(outbox, this.writtenBytes - this.bytes);
  }

  /** Calls a writer back once it may go on; returns a function that cancels this. */
  await(callback: () => void): () => void {
    const forget = (this.#waiting ??= new WaitingWriters()).add(callback);
    this.#awaitRoom();
    return forget;
  }

  /** Bytes have left, or the stream is over: resumes waiting writers if there is room. */
  onSent(needsDrain: boolean): void {
    if (needsDrain) this.#awaitRoom();
    else this.#waiting?.wake(this.#owner);
  }

  onRoom(): void {
    this.onSent(this.isFull);
  }

  /** The stream is over: its bytes will not leave. */
  drop(): void {
    this.clear();
    this.#count();
    this.#room.forget(this);
  }

  /** Gives the writers that wait for their buffers the reason why they were not sent. */
  closeLoans(error: MuxError): void {
    this.#loans?.close(error);
  }

  // Its own unsent bytes leave by turns, which call its writers back.
  #awaitRoom(): void {
    if (this.#waiting !== undefined && this.bytes < HIGH_WATER_BYTES && this.#lacksRoom) this.#room.await(this);
  }

  #count(): void {
    const { heldBytes } = this;
    if (heldBytes !== this.#countedBytes) this.#room.change(heldBytes - this.#countedBytes);
    this.#countedBytes = heldBytes;
  }
}
