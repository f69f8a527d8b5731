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

/** What was written to a stream and has not left, and the writers that wait for it to leave. */
export class SendQueue extends ByteQueue implements WaitingForRoom {
  /** Bytes written in all. */
  writtenBytes = 0;
  readonly #owner: InboxOwner;
  readonly #room: SendRoom;
  // What it counts for in the send budgets.
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

  // There is less than there might be, and yet the budgets have no room for more.
  get #lacksRoom(): boolean {
    return this.#countedBytes >= this.#room.shareBytes;
  }

  /** Adds what was written; `isNext` where it may leave with the next flush, and need not be fit to wait. */
  write(chunk: Uint8Array, isNext: boolean, done: WriteDone | undefined): void {
    this.writtenBytes += chunk.length;
    if (isNext) this.push(chunk);
    else this.keep(chunk);
    this.#count();
    if (done !== undefined) (this.#loans ??= new Loans(this.#owner)).add(this.writtenBytes, done);
  }

  /** Puts bytes before all that is written, which are none of the writer's. */
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

  /** Calls a writer back once it may go on; gives back the way to forget it. */
  await(callback: () => void): () => void {
    const forget = (this.#waiting ??= new WaitingWriters()).add(callback);
    this.#awaitRoom();
    return forget;
  }

  /** Some of it has left, or the stream is over: writers that wait may go on, unless they still have to. */
  onSent(needsDrain: boolean): void {
    if (needsDrain) this.#awaitRoom();
    else this.#waiting?.wake(this.#owner);
  }

  onRoom(): void {
    this.onSent(this.isFull);
  }

  /** The stream is over: what it holds will not leave. */
  drop(): void {
    this.clear();
    this.#count();
    this.#room.forget(this);
  }

  /** Tells the writers that wait for their buffers why they were not sent. */
  closeLoans(error: MuxError): void {
    this.#loans?.close(error);
  }

  // What it has waiting itself leaves by turns, which call its writers back.
  #awaitRoom(): void {
    if (this.#waiting !== undefined && this.bytes < HIGH_WATER_BYTES && this.#lacksRoom) this.#room.await(this);
  }

  #count(): void {
    const { heldBytes } = this;
    if (heldBytes !== this.#countedBytes) this.#room.change(heldBytes - this.#countedBytes);
    this.#countedBytes = heldBytes;
  }
}
