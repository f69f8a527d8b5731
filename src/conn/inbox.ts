import type { MuxError } from '../errors.js';
import type { InboundFilter, Intake, PeekHandler, Peeking, Reading } from './reading.js';
import { Unread } from './unread.js';

const NOTHING = new Uint8Array(0);

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
  readonly #chunks = new Unread();
  #end: { readonly error: MuxError | undefined } | undefined;
  #intake: Intake | undefined;
  #peek: PeekHandler | undefined;
  #filter: InboundFilter | undefined;
  #cancelled = false;
  /** Bytes that arrived and nobody is done with. */
  #heldBytes = 0;
  #paused = true;
  #delivering = false;

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
    if (this.#peek !== undefined) this.#peek.bytes(chunk, false);
    else this.#keep(chunk);
  }

  /** The peer's FIN; with an error, the end of everything, and what is kept is lost unless `isKept`. */
  end(error?: MuxError, isKept = false): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    if (error !== undefined && !isKept) this.#chunks.takeAll();
    else if (this.#filter?.done === false) this.#chunks.push(this.#filter.flush());
    if (this.#peek === undefined) this.#deliver();
    else tellEnd(this.#peek, error);
  }

  read(intake: Intake): Reading {
    this.#intake = intake;
    return this;
  }

  peek(handler: PeekHandler): Peeking {
    this.#peek = handler;
    const early = this.#chunks.takeAll();
    // What came early is told from a later task, as it would be by a socket.
    if (early.length > 0 || this.#end !== undefined) {
      queueMicrotask(() => {
        for (const chunk of early) {
          if (this.#peek === handler) handler.bytes(chunk, false);
          else this.#keep(chunk);
        }
        if (this.#peek === handler && this.#end !== undefined) tellEnd(handler, this.#end.error);
      });
    }
    return {
      release: (replay, onFree, filter) => {
        this.#peek = undefined;
        this.#chunks.unshift(replay);
        this.#filter = filter;
        if (this.#end !== undefined && filter?.done === false) this.#chunks.push(filter.flush());
        // What was taken out, a PROXY header, is consumed.
        this.consumed(this.#heldBytes - this.#chunks.bytes);
        onFree.freed();
      },
      drop: () => {
        this.#peek = undefined;
      },
    };
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
    this.#chunks.takeAll();
    this.consumed(this.#heldBytes);
    this.#cancelled = true;
    if (this.#intake === undefined) return;
    this.#intake = undefined;
    this.#owner.onCancelled();
  }

  #hasReader(): boolean {
    return this.#intake !== undefined && !this.#paused;
  }

  #keep(chunk: Uint8Array): void {
    const rest = this.#filter === undefined || this.#filter.done ? chunk : this.#filter.push(chunk);
    this.consumed(chunk.length - rest.length);
    if (rest.length === 0) return;
    if (this.#hasReader()) {
      this.#chunks.push(rest);
      this.#deliver();
    } else this.#chunks.keep(rest);
  }

  // The reader may pause, resume or cancel from within `next`, and more may be pushed: one loop delivers.
  #deliver(): void {
    if (this.#delivering || this.#intake === undefined) return;
    this.#delivering = true;
    try {
      while (this.#hasReader() && !this.#chunks.isEmpty) this.#intake.next(this.#chunks.shift() ?? NOTHING);
    } catch (error) {
      this.#owner.onThrown(error);
    }
    this.#delivering = false;
    if (this.#end === undefined || !this.#hasReader() || !this.#chunks.isEmpty) return;
    const intake = this.#intake;
    this.#intake = undefined;
    if (this.#end.error === undefined) intake.complete();
    else intake.error(this.#end.error);
  }
}

function tellEnd(handler: PeekHandler, error: MuxError | undefined): void {
  if (error === undefined) handler.bytes(NOTHING, true);
  else handler.closed(error);
}
