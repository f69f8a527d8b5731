import type { InboxOwner } from '../conn/inbox.js';
import type { WriteDone } from '../conn/lent.js';
import type { MuxError } from '../errors.js';

/** The sender of lent buffers: the outbox. */
export interface Borrower {
  lent(loan: Loan): void;
}

/** The buffer of one write, from the call until nothing of it waits any more, here or in the transport. */
export class Loan {
  /** The bytes that the stream had written, with this buffer: it is sent once so many are. */
  readonly until: number;
  readonly #owner: InboxOwner;
  readonly #done: WriteDone;
  // Flushes that the transport has not finished.
  #flushes = 0;
  #isClosed = false;
  #error: Error | null | undefined;

  constructor(owner: InboxOwner, until: number, done: WriteDone) {
    this.#owner = owner;
    this.until = until;
    this.#done = done;
  }

  /** A flush took some of it. */
  taken(): void {
    this.#flushes++;
  }

  /** The transport is done with a flush, or failed. */
  returned(error?: Error | null): void {
    this.#error ??= error;
    this.#flushes--;
    this.#settle();
  }

  /** No more of it will leave: all bytes were taken or, with an error, the stream is over. */
  close(error?: MuxError): void {
    this.#error ??= error;
    this.#isClosed = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isClosed || this.#flushes > 0) return;
    try {
      this.#done(this.#error);
    } catch (error) {
      // A listener of 'drain' that throws must not end the session.
      this.#owner.onThrown(error);
    }
  }
}

/** The buffers of a stream whose writers wait to use them again, in order. */
export class Loans {
  readonly #owner: InboxOwner;
  #loans: Loan[] = [];

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  /** Adds a buffer whose last byte is number `until` of the stream; `done` is called when the buffer is free. */
  add(until: number, done: WriteDone): void {
    this.#loans.push(new Loan(this.#owner, until, done));
  }

  /** The outbox took bytes: `sent` of the stream in all. */
  moved(outbox: Borrower, sent: number): void {
    for (const loan of this.#loans) {
      outbox.lent(loan);
      if (loan.until > sent) break;
    }
    while ((this.#loans[0]?.until ?? Infinity) <= sent) this.#loans.shift()?.close();
  }

  /** The stream is over: unsent bytes are never sent. */
  close(error: MuxError): void {
    for (const loan of this.#loans.splice(0)) loan.close(error);
  }
}
