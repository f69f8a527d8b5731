import type { Subscription } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import type { Freed, PeekHandler, Peeking } from '../conn/reading.js';
import type { MuxError } from '../errors.js';
import type { Undecided } from './budget.js';
import type { Due } from './deadlines.js';
import { HeldBytes } from './held-bytes.js';
import type { Matcher, Prompt, Verdict } from './matcher.js';
import type { Decision, RejectReason } from './outcome.js';
import type { MatcherSet } from './matcher-set.js';
import type { SniffSettings } from './options.js';

/** What a connection turned out to be. */
export interface Finding {
  /** Absent where the protocol comes from `onTimeout`. */
  readonly matcher?: Matcher;
  readonly protocol: string;
  readonly meta: unknown;
  readonly reason: Decision['reason'];
}

/** Who asked for the look, and is told how it ended: first `leave`, then one of the others. */
export interface Verdicts {
  readonly matchers: MatcherSet;
  readonly settings: SniffSettings;
  leave(sniffing: Sniffing): void;
  decide(sniffing: Sniffing, found: Finding): void;
  reject(sniffing: Sniffing, reason: RejectReason, cause: MuxError | undefined): void;
  /** Came and went without a byte: a health check or a port scan. */
  abort(sniffing: Sniffing): void;
}

/**
 * One connection that is still undecided.
 *
 *     bytes -> candidates by first byte -> each in order: no   -> dropped
 *                                                         more -> strict: wait; firstDefinite: ask the next
 *                                                         yes  -> decided
 *     end, byte cap, budget, deadline -> the bytes are final: asked once more; without a yes -> rejected
 *
 * A matcher that still waits then has not refused the connection: later ones do not get it. See {@link SniffOptions.undecided}.
 */
export class Sniffing implements PeekHandler, Freed, Due, Undecided {
  readonly conn: Conn;
  readonly dueAt: number;
  earlier: Due | undefined = undefined;
  later: Due | undefined = undefined;
  /** Bytes that count against the budget. */
  heldBytes = 0;
  readonly #sniffer: Verdicts;
  readonly #held: HeldBytes;
  #candidates: readonly Matcher[];
  // The candidates before this one are ruled out.
  #at = 0;
  #found: Finding | undefined;
  #isUnreadable = false;
  #peek: Peeking | undefined;
  #silence: Subscription | undefined;
  #prompting: Subscription | undefined;
  #prompted: Prompt | undefined;
  #isPromptSent = false;
  #isOver = false;

  constructor(conn: Conn, sniffer: Verdicts) {
    this.conn = conn;
    this.#sniffer = sniffer;
    this.#held = new HeldBytes(conn, sniffer.settings.maxBytes);
    this.#candidates = sniffer.matchers.all;
    this.dueAt = sniffer.settings.scheduler.now() + sniffer.settings.timeoutMs;
  }

  get startedAt(): number {
    return this.dueAt - this.#sniffer.settings.timeoutMs;
  }

  /** Everything the client has sent. */
  get received(): Uint8Array {
    return this.#held.all;
  }

  /** The answer of its protocol to a flight that is undecided at the byte cap. */
  tooLongAnswer(): Uint8Array | undefined {
    const { matchers, settings } = this.#sniffer;
    const held = this.#held;
    if (held.all.length < settings.maxBytes) return undefined;
    for (const matcher of matchers.candidates(held.all)) {
      const answer = matcher.tooLong?.(held);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  start(): void {
    const { zeroRead, silent } = this.#sniffer.matchers;
    if (zeroRead) {
      this.#evaluate();
      if (this.#settle()) return;
      this.#at = 0;
    }
    if (silent !== undefined) {
      const { matcher, afterMs } = silent;
      this.#silence = this.#sniffer.settings.scheduler.schedule(() => {
        this.#decide({ matcher, protocol: matcher.protocol, meta: {}, reason: 'silence' });
      }, afterMs);
    }
    this.#peek = this.conn._peek(this);
  }

  bytes(chunk: Uint8Array, ended: boolean): void {
    const held = this.#held;
    this.#silence?.unsubscribe();
    this.#prompting?.unsubscribe();
    if (held.all.length === 0) {
      if (chunk.length === 0) {
        this.#leave();
        return;
      }
      this.#candidates = this.#sniffer.matchers.candidates(chunk);
    }
    held.append(chunk);
    this.#evaluate();
    if (this.#settle()) return;
    if (ended) this.#finalize('eof');
    else if (held.all.length >= this.#sniffer.settings.maxBytes) this.#finalize('overflow');
    else {
      held.keep();
      this.#reserve(chunk.length);
      if (!this.#isOver) this.#considerPrompt();
    }
  }

  closed(error: MuxError | undefined): void {
    if (this.#held.all.length === 0) this.#leave();
    else this.#reject(error === undefined || error.code === 'ERR_MUX_RESET' ? 'abort' : 'error', error);
  }

  expire(): void {
    this.#finalize('timeout');
  }

  /** Too many are undecided and this one has had the most time, or they hold too much and this one the most. */
  makeRoom(): void {
    this.#finalize('overflow');
  }

  freed(): void {
    if (this.#found === undefined) return;
    this.#sniffer.decide(this, this.#found);
    this.#held.clear();
  }

  /** No subscriber is left for this connection. */
  stop(): void {
    this.#finish();
    this.#peek?.drop();
    this.conn._destroy(undefined, false);
  }

  // Asks the candidates that are left; true is told by #found, ruled out by #at having passed them all.
  #evaluate(): void {
    if (this.#found !== undefined) return;
    const candidates = this.#candidates;
    const { strict, rejectsUndecided } = this.#sniffer.settings;
    const waiting: Matcher[] | undefined = strict ? undefined : [];
    for (let i = this.#at; i < candidates.length; i++) {
      const matcher = candidates[i] as Matcher;
      const verdict = this.#ask(matcher);
      if (typeof verdict === 'object') {
        this.#found = { matcher, protocol: verdict.protocol ?? matcher.protocol, meta: verdict.meta, reason: 'match' };
        return;
      }
      if (verdict === 'unreadable' && rejectsUndecided) {
        this.#isUnreadable = true;
        this.#candidates = [];
        return;
      }
      if (verdict !== 'more' || this.#held.final) {
        if (strict) this.#at = i + 1;
      } else if (waiting === undefined) {
        return;
      } else {
        waiting.push(matcher);
      }
    }
    if (waiting !== undefined) this.#candidates = waiting;
  }

  #ask(matcher: Matcher): Verdict<unknown> {
    try {
      return matcher.match(this.#held);
    } catch (error) {
      this.#sniffer.settings.faults?.next({ conn: this.conn, protocol: matcher.protocol, error });
      return 'no';
    }
  }

  // True when there is nothing left to wait for.
  #settle(): boolean {
    if (this.#found !== undefined) {
      if (this.#prompted !== undefined && !this.#isDone(this.#prompted)) return false;
      this.#decide(this.#found);
      return true;
    }
    if (this.#at < this.#candidates.length) return false;
    this.#reject(this.#isUnreadable ? 'unreadable' : 'noMatch');
    return true;
  }

  // The answer is removed from the bytes held here, so no filter has to stand between the stream and its server. No write of ours is
  // under way when the server gets the stream: node:http2 could not write to a TLS socket beside it.
  #isDone(prompt: Prompt): boolean {
    return this.#isPromptSent && prompt.isAnswered(this.#held);
  }

  #finalize(reason: RejectReason): void {
    this.#held.final = true;
    // A client that could pass a matcher by waiting, or by sending too much, would choose its own route. A silent client gives
    // no matcher a byte to refuse, and a client that has ended can send no more.
    if (this.#sniffer.settings.rejectsUndecided && this.#held.all.length > 0 && reason !== 'eof')
      this.#candidates = this.#candidates.slice(0, this.#at + 1);
    this.#evaluate();
    if (this.#found !== undefined) this.#decide(this.#found);
    else if (reason === 'timeout' && this.#sniffer.settings.onTimeout !== 'close') {
      this.#decide({ protocol: this.#sniffer.settings.onTimeout, meta: {}, reason: 'timeout' });
    } else this.#reject(reason);
  }

  #considerPrompt(): void {
    if (this.#prompted !== undefined) return;
    const waiting = this.#sniffer.settings.strict ? this.#candidates.slice(this.#at, this.#at + 1) : this.#candidates;
    const prompt = waiting.find((matcher) => this.#isAwaiting(matcher))?.prompt;
    if (prompt === undefined) return;
    this.#prompting = this.#sniffer.settings.scheduler.schedule(() => {
      this.#prompted = prompt;
      this.conn._write(prompt.bytes, (error) => {
        // `closed` reports a failed connection.
        if (this.#isOver || (error !== undefined && error !== null)) return;
        this.#isPromptSent = true;
        if (this.#found !== undefined) this.#settle();
      });
    }, prompt.afterMs);
  }

  #isAwaiting(matcher: Matcher): boolean {
    try {
      return matcher.prompt?.isAwaited(this.#held.bytes) === true;
    } catch (error) {
      this.#sniffer.settings.faults?.next({ conn: this.conn, protocol: matcher.protocol, error });
      return false;
    }
  }

  // Counts bytes that stay here while the connection is undecided. It may be the one that has to make room.
  #reserve(bytes: number): void {
    const { budget, counters } = this.#sniffer.settings;
    this.heldBytes += bytes;
    counters.heldBytes += bytes;
    budget.take(bytes, this);
  }

  #finish(): void {
    this.#isOver = true;
    const { budget, counters } = this.#sniffer.settings;
    budget.giveBack(this.heldBytes, this);
    counters.heldBytes -= this.heldBytes;
    this.#silence?.unsubscribe();
    this.#prompting?.unsubscribe();
    this.#sniffer.leave(this);
  }

  #decide(found: Finding): void {
    // The answer to a prompt is for us: the server that never asked must not see it, now or when it comes later.
    const filter = this.#prompted?.filter();
    const replay = filter === undefined ? this.#held.all : filter.push(this.#held.all);
    this.#found = found;
    this.#finish();
    if (this.#peek === undefined) this.freed();
    else this.#peek.release(replay, this, filter?.done === true ? undefined : filter);
  }

  #reject(reason: RejectReason, cause?: MuxError): void {
    this.#finish();
    this.#peek?.drop();
    this.#sniffer.reject(this, reason, cause);
    // The error of a rejection refers to this object until its stack is asked for.
    this.#held.clear();
  }

  #leave(): void {
    this.#finish();
    this.#peek?.drop();
    this.#sniffer.abort(this);
  }
}
