import type { MuxError } from '../errors.js';
import type { InboundFilter, Intake, PeekHandler, Peeking, Reading } from './reading.js';
import { Unread } from './unread.js';

const NOTHING = new Uint8Array(0);
// Never put anything into: who reads at once needs no queue.
const NONE = new Unread();

const ENDED = { error: undefined };

/** What an {@link Inbox} tells the connection it belongs to. */
export interface InboxOwner {
  /** The reader is done with so many bytes: the peer may send as many more. */
  onConsumed(bytes: number): void;
  /** The reader left before the end. */
  onCancelled(): void;
  /** The reader threw: that is its own end, and not that of who delivers. */
  onThrown(error: unknown): void;
}

/**
 * The inbound side of a connection that is pushed to: keeps what arrives until its one reader takes it, in order. It has no
 * bound of its own: whoever pushes stops at the credit that `onConsumed` gives back.
 */
export class Inbox implements Reading {
  readonly #owner: InboxOwner;
  #chunks = NONE;
  #end: { readonly error: MuxError | undefined } | undefined;
  #intake: Intake | undefined;
  #peek: PeekHandler | undefined;
  #filter: InboundFilter | undefined;
  #cancelled = false;
  /** Bytes that arrived and nobody is done with. */
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
    // Nobody wants it: it is dropped, and the peer may go on.
    if (this.#cancelled) {
      this.#owner.onConsumed(chunk.length);
      return;
    }
    this.#heldBytes += chunk.length;
    if (this.#peek === undefined) this.#keep(chunk);
    else if (this.#isEarly) this.#queue().push(chunk);
    else this.#peek.bytes(chunk, false);
  }

  /** The peer's FIN; with an error, the end of everything, and what is kept is lost unless `isKept`. */
  end(error?: MuxError, isKept = false): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? ENDED : { error };
    if (error !== undefined && !isKept) this.#lose();
    else if (this.#filter?.done === false) this.#queue().push(this.#filter.flush());
    if (this.#peek === undefined) this.#deliver();
    else if (!this.#isEarly) tellEnd(this.#peek, error);
  }

  read(intake: Intake): Reading {
    this.#intake = intake;
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
  }

  consumed(bytes: number): void {
    // What a reader was at work on when it left counted as consumed then.
    if (this.#cancelled || bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#owner.onConsumed(bytes);
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#chunks.clear();
    this.#settle();
    if (this.#intake === undefined) return;
    this.#intake = undefined;
    this.#owner.onCancelled();
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

  #queue(): Unread {
    if (this.#chunks === NONE) this.#chunks = new Unread();
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

  #tellEnd(): void {
    const intake = this.#intake;
    if (this.#end === undefined || intake === undefined || this.#paused || !this.#chunks.isEmpty) return;
    this.#intake = undefined;
    if (this.#end.error === undefined) intake.complete();
    else intake.error(this.#end.error);
  }
}

function tellEnd(handler: PeekHandler, error: MuxError | undefined): void {
  if (error === undefined) handler.bytes(NOTHING, true);
  else handler.closed(error);
}
