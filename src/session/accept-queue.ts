import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { inBackground } from '../conn/in-background.js';
import type { Patience } from '../conn/reading.js';
import { UsageError } from '../errors.js';
import type { MuxStream } from './mux-stream.js';

// Streams that wait until others end, while `accept$` has a subscriber: each takes about 1.2 KB.
const MAX_WAITING = 4096;

/** The session of an accept queue. */
export interface AcceptOwner {
  /** True if one more stream may be given out, while so many wait. */
  mayGive(waiting: number): boolean;
  /** Fewer streams wait, or more may. */
  onRoom(): void;
}

/**
 * Streams that the peer opened, on their way to the one who accepts them. Without a subscriber they wait here, up to the
 * backlog; a subscriber that leaves loses none, and another may come after it. After the end of the session those with bytes or FIN wait
 * on, until for `stallTimeoutMs` no subscriber takes any. Where the protocol can't refuse a stream, they wait here as well while
 * `maxStreams` are given out.
 */
export class AcceptQueue {
  readonly accept$: Observable<MuxStream>;
  readonly #backlog: number;
  readonly #owner: AcceptOwner;
  #waiting: MuxStream[] = [];
  #subscriber: Subscriber<MuxStream> | undefined;
  #hasEnded = false;
  readonly #patience: Patience;
  #stall: Subscription | undefined;

  constructor(backlog: number, patience: Patience, owner: AcceptOwner) {
    this.#backlog = backlog;
    this.#patience = patience;
    this.#owner = owner;
    this.accept$ = new Observable((subscriber) => {
      if (this.#subscriber !== undefined) {
        const text = 'accept$ has a subscriber already: a stream has one reader; use share() to tell several';
        subscriber.error(new UsageError('ERR_MUX_SECOND_SUBSCRIBE', text));
        return;
      }
      this.#subscriber = subscriber;
      subscriber.add(() => {
        this.#subscriber = undefined;
      });
      this.deliver();
      owner.onRoom();
    });
  }

  /** True when `accept$` has no subscriber and the backlog is used up, with so many streams on their way here. */
  isFull(coming: number): boolean {
    return this.#subscriber === undefined && this.#waiting.length + coming >= this.#backlog;
  }

  /** True when more streams wait than may: one was taken that could not be refused. */
  get isOverfull(): boolean {
    const most = this.#subscriber === undefined ? this.#backlog : Math.max(this.#backlog, MAX_WAITING);
    return this.#waiting.length > most;
  }

  offer(stream: MuxStream): void {
    stream.isWaiting = true;
    this.#waiting.push(stream);
    this.deliver();
  }

  /** A stream that waits here is over, and nothing of it is left to read. */
  forget(stream: MuxStream): void {
    if (this.#waiting.length === 0) return;
    const at = this.#waiting.indexOf(stream);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#owner.onRoom();
  }

  /** No stream will come any more. Those that wait here have ended with their session and have something left to read. */
  end(): void {
    this.#hasEnded = true;
    this.deliver();
    this.#awaitSubscriber();
  }

  /** Gives out what may be given. A subscriber may leave, another come and the session end from within `next`. */
  deliver(): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    while (!subscriber.closed && this.#owner.mayGive(this.#waiting.length)) {
      const stream = this.#waiting.shift();
      if (stream === undefined) break;
      stream.isWaiting = false;
      this.#owner.onRoom();
      subscriber.next(stream);
    }
    if (!this.#hasEnded) return;
    this.#awaitSubscriber();
    subscriber.complete();
  }

  #awaitSubscriber(): void {
    this.#stall?.unsubscribe();
    if (this.#waiting.length === 0) return;
    const { scheduler, stallTimeoutMs } = this.#patience;
    const drop = (): void => {
      for (const stream of this.#waiting.splice(0)) stream.cancelRead();
    };
    this.#stall = inBackground(scheduler, drop, stallTimeoutMs);
  }
}
