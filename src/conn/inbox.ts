import type { Subscription } from 'rxjs';
import type { MuxError } from '../errors.js';
import { inBackground } from './in-background.js';
import type { InboundFilter, Intake, Patience, PeekHandler, Peeking, Reading } from './reading.js';
import { ChunkQueue } from '../bytes/chunk-queue.js';

const NOTHING = new Uint8Array(0);
// Never put anything into: who reads at once needs no queue.
const NONE = new ChunkQueue();

const ENDED = { error: undefined };

/** The connection is over. With `patience` the reader still gets the bytes that arrived before. */
interface Failure {
  readonly error: MuxError;
  readonly patience: Patience | undefined;
  /** Readers that write or pass bytes on give up at once. */
  readonly isReset: boolean;
  stall?: Subscription;
}

/** What an {@link Inbox} tells the connection it belongs to. */
export interface InboxOwner {
  /** The reader is done with so many bytes: the peer may send as many more. */
  onConsumed(bytes: number): void;
  /** The reader left before the end; with an error, the peer is notified. */
  onCancelled(error?: MuxError): void;
  /** The reader resumed, or a peek began: a Conn that pulls may go on. */
  onWanted(): void;
  /** The reader threw: that is its own end, and not that of who delivers. */
  onThrown(error: unknown): void;
}

/**
 * The inbound side of a connection that is pushed to: keeps what arrives until its one reader takes it, in order. It has no
 * bound of its own: the sender stops at the credit that `onConsumed` gives back.
 */
export class Inbox implements Reading {
  readonly #owner: InboxOwner;
  #chunks = NONE;
  #end: { readonly error: MuxError | undefined } | undefined;
  #isTold = false;
  #failure: Failure | undefined;
  #intake: Intake | undefined;
  #peek: PeekHandler | undefined;
  #filter: InboundFilter | undefined;
  #cancelled = false;
  /** Bytes that arrived and are not consumed. */
  #heldBytes = 0;
  #paused = true;
  #delivering = false;
  // What came before the look began waits to be told, and all that comes meanwhile has to wait behind it.
  #isEarly = false;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  push(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    // No reader wants it: it is dropped, and the peer may go on.
    if (this.#cancelled) {
      this.#owner.onConsumed(chunk.length);
      return;
    }
    this.#heldBytes += chunk.length;
    if (this.#peek === undefined) this.#keep(chunk);
    else if (this.#isEarly) this.#queue().push(chunk);
    else this.#peek.bytes(chunk, false);
  }

  /** True while bytes are taken as they come: by a reader that is not paused, by a peek, or to drop them once the reader has left. */
  get isWanted(): boolean {
    return this.#cancelled || this.#peek !== undefined || this.#hasReader();
  }

  /** True once the peer's FIN has arrived, even if bytes before it are still unread. */
  get hasEnded(): boolean {
    return this.#end === ENDED;
  }

  /** The peer's FIN. */
  end(): void {
    this.#finish(ENDED);
  }

  /**
   * The connection is over. With `patience` the bytes that arrived are delivered first, then the error; without it, they are lost. A FIN that came
   * before stays: the reader gets everything, and `complete`.
   */
  fail(error: MuxError, patience?: Patience): void {
    if (this.#failure !== undefined) return;
    const hasEnded = this.#end !== undefined;
    const isReset = hasEnded
      ? patience === undefined && error.initiator === 'local'
      : patience === undefined || error.code === 'ERR_MUX_RESET';
    this.#failure = { error, patience, isReset };
    if (!hasEnded && patience === undefined) {
      this.#lose();
      this.#filter = undefined;
    }
    this.#finish({ error });
    this.#tellFailure(error, isReset);
    this.#awaitReader();
  }

  /** Forgets the bytes that wait here, and a FIN after them. */
  drop(): void {
    if (this.#chunks.isEmpty) return;
    this.#lose();
    this.#end = undefined;
    this.#filter = undefined;
  }

  #finish(end: { readonly error: MuxError | undefined }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (this.#filter?.done === false) this.#queue().push(this.#filter.flush());
    if (this.#peek === undefined) this.#deliver();
    else if (!this.#isEarly) tellEnd(this.#peek, end.error);
  }

  read(intake: Intake): Reading {
    this.#intake = intake;
    if (this.#failure !== undefined) this.#tellFailure(this.#failure.error, this.#failure.isReset);
    this.#awaitReader();
    return this;
  }

  peek(handler: PeekHandler): Peeking {
    this.#peek = handler;
    // What came early is told from a later task, as it would be by a socket.
    this.#isEarly = !this.#chunks.isEmpty || this.#end !== undefined;
    if (this.#isEarly) {
      queueMicrotask(() => {
        this.#tellEarly(handler);
      });
    }
    this.#owner.onWanted();
    return {
      release: (replay, onFree, filter) => {
        this.#peek = undefined;
        this.#filter = filter;
        if (filter !== undefined) for (const chunk of this.#chunks.takeAll()) this.#queue().push(filter.push(chunk));
        this.#queue().unshift(replay);
        if (this.#end !== undefined && filter?.done === false) this.#queue().push(filter.flush());
        // What was taken out, a PROXY header, is consumed.
        this.consumed(this.#heldBytes - this.#chunks.bytes);
        onFree.freed();
      },
      drop: () => {
        this.#peek = undefined;
      },
    };
  }

  #tellEarly(handler: PeekHandler): void {
    while (this.#peek === handler && !this.#chunks.isEmpty) handler.bytes(this.#chunks.shift() ?? NOTHING, false);
    if (this.#peek !== handler) return;
    this.#isEarly = false;
    if (this.#end !== undefined) tellEnd(handler, this.#end.error);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
    this.#owner.onWanted();
  }

  consumed(bytes: number): void {
    // What a reader was at work on when it left counted as consumed then.
    if (this.#cancelled || bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#owner.onConsumed(bytes);
    this.#awaitReader();
  }

  cancel(error?: MuxError): void {
    if (this.#cancelled) return;
    this.#chunks.clear();
    this.#settle();
    this.#failure?.stall?.unsubscribe();
    if (this.#intake === undefined) return;
    this.#intake = undefined;
    if (!this.#isTold) this.#owner.onCancelled(error);
  }

  // One bound for every way of reading: a reader that has stopped for good keeps neither bytes nor writers.
  #awaitReader(): void {
    const failure = this.#failure;
    if (failure?.patience === undefined) return;
    const { scheduler, stallTimeoutMs } = failure.patience;
    failure.stall?.unsubscribe();
    // A reader without bytes of its own gets the end when it resumes.
    if (this.#intake === undefined || this.#heldBytes === 0) return;
    const giveUp = (): void => {
      this.#giveUp(failure.error);
    };
    failure.stall = inBackground(scheduler, giveUp, stallTimeoutMs);
  }

  #giveUp(error: MuxError): void {
    this.#tellFailure(error, true);
    if (this.#end?.error === undefined) return;
    this.#lose();
    this.#tellEnd(true);
  }

  #tellFailure(error: MuxError, isReset: boolean): void {
    const intake = this.#intake;
    if (intake?.failed === undefined) return;
    if (isReset) {
      this.#lose();
      this.#isTold = true;
    }
    intake.failed(error, isReset);
    // If no bytes are in front of it, such a reader gets the end at once, paused or not.
    if (this.#heldBytes === 0 && !this.#delivering) this.#tellEnd(true);
  }

  // Nobody will say of what is held that it was consumed.
  #settle(): void {
    this.consumed(this.#heldBytes);
    this.#cancelled = true;
  }

  #lose(): void {
    const { bytes } = this.#chunks;
    this.#chunks.clear();
    this.consumed(bytes);
  }

  #queue(): ChunkQueue {
    if (this.#chunks === NONE) this.#chunks = new ChunkQueue();
    return this.#chunks;
  }

  #hasReader(): boolean {
    return this.#intake !== undefined && !this.#paused;
  }

  #keep(chunk: Uint8Array): void {
    const rest = this.#filter === undefined || this.#filter.done ? chunk : this.#filter.push(chunk);
    this.consumed(chunk.length - rest.length);
    if (rest.length === 0) return;
    if (!this.#hasReader()) this.#queue().keep(rest);
    else if (this.#delivering || !this.#chunks.isEmpty) {
      this.#queue().push(rest);
      this.#deliver();
    } else this.#give(rest);
  }

  // The reader may pause, resume or cancel from within `next`, and more may be pushed: one loop delivers.
  #deliver(): void {
    if (this.#delivering || this.#intake === undefined) return;
    if (this.#hasReader() && !this.#chunks.isEmpty) this.#give(this.#chunks.shift() ?? NOTHING);
    else this.#tellEnd();
  }

  // A chunk, and what comes up meanwhile.
  #give(chunk: Uint8Array): void {
    this.#delivering = true;
    try {
      this.#intake?.next(chunk);
      while (this.#hasReader() && !this.#chunks.isEmpty) this.#intake?.next(this.#chunks.shift() ?? NOTHING);
    } catch (error) {
      this.#owner.onThrown(error);
    }
    this.#delivering = false;
    if (this.#end !== undefined) this.#tellEnd();
  }

  #tellEnd(isForced = false): void {
    const intake = this.#intake;
    if (this.#end === undefined || intake === undefined || this.#isTold || !this.#chunks.isEmpty) return;
    if (this.#paused && !isForced) return;
    this.#isTold = true;
    this.#awaitReader();
    if (this.#end.error === undefined) intake.complete();
    else intake.error(this.#end.error);
  }
}

function tellEnd(handler: PeekHandler, error: MuxError | undefined): void {
  if (error === undefined) handler.bytes(NOTHING, true);
  else handler.closed(error);
}
