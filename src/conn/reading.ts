import type { Observable, SchedulerLike } from 'rxjs';
import { UsageError, type MuxError } from '../errors.js';

/** Where inbound bytes go: the one reader of a connection. */
export interface Intake {
  next(chunk: Uint8Array): void;
  complete(): void;
  error(error: MuxError): void;
  /**
   * The connection has failed. Called at once, to a paused reader too, for readers that also write or pass bytes on. With
   * `isReset` nothing that is kept is worth waiting for: a reset, or a reader that took nothing for too long. Without it what
   * arrived still follows, and then `complete` or `error`.
   */
  failed?(error: MuxError, isReset: boolean): void;
}

/** For how long bytes that arrived before a failure are kept for a reader that takes none of them. */
export interface Patience {
  readonly scheduler: SchedulerLike;
  /** Milliseconds without a byte taken. */
  readonly stallTimeoutMs: number;
}

/** Drops everything. */
export const NOBODY: Intake = { next: () => undefined, complete: () => undefined, error: () => undefined };

/** The reader's hold on the connection. A reading begins paused: nothing is delivered before the first `resume`. */
export interface Reading {
  /** Nothing is delivered from now until {@link Reading.resume}; safe to call from within `next`. */
  pause(): void;
  /** Delivers, at once or later, until paused. */
  resume(): void;
  /** Says that delivered bytes were consumed; a windowed connection grants its peer that much credit. */
  consumed(bytes: number): void;
  /**
   * The reader wants no more. Does nothing after complete or error. With an error the peer is notified: a stream of a session is
   * reset as soon as our own end has been sent.
   */
  cancel(error?: MuxError): void;
}

/** An Observable of bytes that can be held back: what `consume`, `flowTo` and `paced` read without a buffer of their own. */
export interface Holdable extends Observable<Uint8Array> {
  /** @internal */
  _read(intake: Intake): Reading;
}

/** Who looks at a connection's first bytes before it has a reader. */
export interface PeekHandler {
  /** New bytes, each exactly once; `ended` tells that the peer's FIN follows right behind them (they may be none). */
  bytes(chunk: Uint8Array, ended: boolean): void;
  /** The connection is gone; nothing can be replayed. */
  closed(error: MuxError | undefined): void;
}

/** A hold on a connection whose first bytes are being looked at. */
export interface Peeking {
  /**
   * Ends the look: the connection can have a reader, who gets `replay` before what comes next. `onFree` is called in this
   * very call, as soon as a reader may attach, which may be before `replay` is put back: a reader that is there by then gets
   * it without a detour. `filter` is applied to every later chunk, for the rare case in which an answer still has to be
   * taken out.
   */
  release(replay: Uint8Array, onFree: Freed, filter?: InboundFilter): void;
  /** Ends the look at a connection that is given up. */
  drop(): void;
}

/** Who is told that a connection is free for a reader. */
export interface Freed {
  freed(): void;
}

/** Takes something out of the inbound bytes until it is `done`. */
export interface InboundFilter {
  readonly done: boolean;
  push(chunk: Uint8Array): Uint8Array;
  flush(): Uint8Array;
}

/** What somebody is told who came second. */
export function secondReader(connId: number): UsageError {
  return new UsageError('ERR_MUX_SECOND_SUBSCRIBE', `connection ${connId} has a reader already; a Conn is read once`);
}

/** The reading of somebody who came second. */
export function refusedReading(intake: Intake, connId: number): Reading {
  return {
    pause() {},
    resume() {
      intake.error(secondReader(connId));
    },
    consumed() {},
    cancel() {},
  };
}

/** The look of somebody who came second. */
export function refusedPeek(handler: PeekHandler, connId: number): Peeking {
  let isOpen = true;
  queueMicrotask(() => {
    if (isOpen) handler.closed(secondReader(connId));
  });
  return {
    release() {},
    drop() {
      isOpen = false;
    },
  };
}
