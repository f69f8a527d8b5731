import { asyncScheduler, type NextObserver, type SchedulerLike } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { UsageError } from '../errors.js';
import { contained } from '../flow/contained.js';
import { SharedSniffBudget, type SniffBudget } from './budget.js';
import { sniffCounters, type Decision, type MatcherFault, type Rejection, type SniffCounters } from './outcome.js';

/**
 * Settings of `sniff` and `partitionByProtocol`.
 * @typeParam T - `'close'` or the protocol that undecided connections get at the deadline
 */
export interface SniffOptions<T extends string = string> {
  /**
   * Milliseconds from a connection's arrival to the latest decision, 1 to 2147483647. Trickled bytes never extend it, and it is gone once the
   * decision is made. @defaultValue 3000
   */
  readonly timeoutMs?: number;
  /**
   * What becomes of a connection undecided at the deadline, after its bytes were looked at once more as all there will be:
   * `'close'`, or the name of the protocol it is given. Any client gets that protocol by waiting. @defaultValue `'close'`
   */
  readonly onTimeout?: T;
  /**
   * The fate of a connection that a matcher cannot refuse: it still waits for bytes at the deadline, the byte cap or the
   * bound of the budget, or cannot read the part it looks for. `'reject'`: the connection is turned away, so no client gets past a matcher by waiting,
   * by sending too much or by a broken head. `'next'`: later matchers are asked. A client that has sent nothing, or has ended, goes on to them in
   * any case. With `order: 'firstDefinite'` it is always `'next'`. @defaultValue `'reject'`
   */
  readonly undecided?: 'reject' | 'next';
  /** Bytes of one connection that may be looked at; 1 to 1 MiB. @defaultValue 16384 (16 KiB) */
  readonly maxBytes?: number;
  /**
   * Connections that may be undecided at once, 1 or more, those without a byte among them. One more decides the oldest on what it has sent, or
   * turns it away as `'overflow'`: most newcomers are clients that send at once. @defaultValue 4096: each has 0.4 s when
   * 10,000 silent ones come a second
   */
  readonly maxUndecided?: number;
  /** Memory for the bytes of all undecided connections; one of 64 MiB serves the process unless you make your own. */
  readonly budget?: SniffBudget;
  /**
   * `'strict'`: a matcher's yes waits while an earlier matcher may still match. `'firstDefinite'`: the first yes wins.
   * @defaultValue `'strict'`
   */
  readonly order?: 'strict' | 'firstDefinite';
  /** Gets every connection that is turned away. */
  readonly rejected?: NextObserver<Rejection>;
  /** Gets every connection that gets a protocol, just before it is emitted, or rejected as unclaimed. */
  readonly decided?: NextObserver<Decision>;
  /** Gets every matcher that throws. */
  readonly faults?: NextObserver<MatcherFault>;
  /** Kept up to date with totals and gauges; make it with `sniffCounters()`. */
  readonly counters?: SniffCounters;
  /** The clock and the timers. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}

/** Options with every default filled in. */
export interface SniffSettings {
  readonly timeoutMs: number;
  readonly onTimeout: string;
  readonly maxBytes: number;
  readonly maxUndecided: number;
  readonly budget: SharedSniffBudget;
  readonly strict: boolean;
  readonly rejectsUndecided: boolean;
  readonly rejected: NextObserver<Rejection> | undefined;
  readonly decided: NextObserver<Decision> | undefined;
  readonly faults: NextObserver<MatcherFault> | undefined;
  readonly counters: SniffCounters;
  readonly scheduler: SchedulerLike;
}

// As large as the largest head servers commonly take (Envoy's default cap is 64 KiB, nginx' about 16 KiB).
const MAX_BYTES = 16 * 1024;
const MAX_BYTES_LIMIT = 1 << 20;
// Longer than any round trip a client needs for its first flight, short enough to bound silent clients.
const TIMEOUT_MS = 3000;
const TIMEOUT_MS_LIMIT = 0x7fff_ffff;
// Time for a first flight though 10,000 silent connections come a second; of the order of Linux' own bound for half-open ones (tcp_max_syn_backlog).
const MAX_UNDECIDED = 4096;
const PROCESS_BUDGET = new SharedSniffBudget(64 << 20);

/** @throws UsageError `ERR_MUX_OPTION` for a value out of range */
export function sniffSettings(options: SniffOptions): SniffSettings {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, order = 'strict', undecided = 'reject' } = options;
  const { maxUndecided = MAX_UNDECIDED } = options;
  checkWholeNumber('timeoutMs', timeoutMs, 1, TIMEOUT_MS_LIMIT);
  checkWholeNumber('maxBytes', maxBytes, 1, MAX_BYTES_LIMIT);
  checkWholeNumber('maxUndecided', maxUndecided, 1);
  checkWord('order', order, 'strict', 'firstDefinite');
  checkWord('undecided', undecided, 'reject', 'next');
  return {
    timeoutMs,
    maxBytes,
    maxUndecided,
    onTimeout: options.onTimeout ?? 'close',
    budget: budgetOf(options.budget),
    strict: order === 'strict',
    rejectsUndecided: order === 'strict' && undecided === 'reject',
    rejected: contained(options.rejected),
    decided: contained(options.decided),
    faults: contained(options.faults),
    counters: options.counters ?? sniffCounters(),
    scheduler: options.scheduler ?? asyncScheduler,
  };
}

function budgetOf(given: SniffBudget = PROCESS_BUDGET): SharedSniffBudget {
  if (given instanceof SharedSniffBudget) return given;
  throw new UsageError('ERR_MUX_OPTION', 'budget is what sniffBudget({ maxBytes }) gives');
}

function checkWord(name: string, word: string, ...allowed: readonly string[]): void {
  if (allowed.includes(word)) return;
  throw new UsageError('ERR_MUX_OPTION', `${name} is '${allowed.join("' or '")}', not '${word}'`);
}
