import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { MuxError } from '../errors.js';
import { Deadlines, type Due } from '../sniff/deadlines.js';
import type { DuplexConn } from './duplex-conn.js';

/** How long a connection may be quiet. */
export interface QuietOptions {
  /**
   * Milliseconds without a byte in either direction after which a connection is reset with `ERR_MUX_TIMEOUT`, 1 to 2147483647; a
   * quarter more at most, and never more than a second more. @defaultValue for ever
   */
  readonly idleTimeoutMs?: number;
  /**
   * The same for a connection of which one side has ended (FIN) and the other has not.
   * @defaultValue `idleTimeoutMs`
   */
  readonly halfCloseTimeoutMs?: number;
  /**
   * Milliseconds of quiet after which the system asks the peer whether it is there (TCP keep-alive), 1000 to 2147483647 in
   * whole seconds; on Linux a peer that leaves ten probes, one a second, unanswered is gone. @defaultValue no probes
   */
  readonly keepAliveMs?: number;
}

const LONGEST_MS = 0x7fff_ffff;
const LONGEST_LOOK_MS = 1000;

/** @throws UsageError `ERR_MUX_OPTION` for a time out of range */
export function checkQuiet({ idleTimeoutMs, halfCloseTimeoutMs, keepAliveMs }: QuietOptions): void {
  checkWholeNumber('idleTimeoutMs', idleTimeoutMs, 1, LONGEST_MS);
  checkWholeNumber('halfCloseTimeoutMs', halfCloseTimeoutMs, 1, LONGEST_MS);
  checkWholeNumber('keepAliveMs', keepAliveMs, 1000, LONGEST_MS);
}

/** What `node:net` calls the options of keep-alive. */
export function keepAliveOf({ keepAliveMs }: QuietOptions): {
  readonly keepAlive?: true;
  readonly keepAliveInitialDelay?: number;
} {
  return keepAliveMs === undefined ? {} : { keepAlive: true, keepAliveInitialDelay: keepAliveMs };
}

/**
 * Ends connections that are idle for too long. It checks each from time to time and compares its counters: no
 * listener on any of them, no work per byte, and one timer for all.
 */
export class QuietWatch {
  readonly idleMs: number;
  readonly halfCloseMs: number;
  readonly scheduler: SchedulerLike;
  readonly #lookMs: number;
  readonly #looks: Deadlines<QuietLook>;

  /** `undefined` where no connection can be quiet for too long. */
  static of(options: QuietOptions, scheduler: SchedulerLike = asyncScheduler): QuietWatch | undefined {
    const { idleTimeoutMs = Infinity, halfCloseTimeoutMs = idleTimeoutMs } = options;
    const isNeeded = Math.min(idleTimeoutMs, halfCloseTimeoutMs) < Infinity;
    return isNeeded ? new QuietWatch(idleTimeoutMs, halfCloseTimeoutMs, scheduler) : undefined;
  }

  private constructor(idleMs: number, halfCloseMs: number, scheduler: SchedulerLike) {
    this.idleMs = idleMs;
    this.halfCloseMs = halfCloseMs;
    this.scheduler = scheduler;
    const lookMs = Math.min(Math.ceil(Math.min(idleMs, halfCloseMs) / 4), LONGEST_LOOK_MS);
    this.#looks = new Deadlines(lookMs, scheduler);
    this.#lookMs = lookMs;
  }

  watch(conn: DuplexConn): void {
    this.lookAgain(new QuietLook(conn, this));
  }

  /** @internal */
  lookAgain(look: QuietLook): void {
    look.dueAt = this.scheduler.now() + this.#lookMs;
    this.#looks.add(look);
  }

  /** @internal */
  leave(look: QuietLook): void {
    this.#looks.remove(look);
  }
}

/** One connection of the watch. */
class QuietLook implements Due {
  dueAt = 0;
  earlier: Due | undefined = undefined;
  later: Due | undefined = undefined;
  readonly #conn: DuplexConn;
  readonly #watch: QuietWatch;
  #progress: number;
  #isHalfClosed = false;
  #quietSince: number;

  constructor(conn: DuplexConn, watch: QuietWatch) {
    this.#conn = conn;
    this.#watch = watch;
    this.#progress = conn.progress;
    this.#quietSince = watch.scheduler.now();
  }

  expire(): void {
    const watch = this.#watch;
    const conn = this.#conn;
    watch.leave(this);
    if (conn.isOver) return;
    const now = watch.scheduler.now();
    const { progress, isHalfClosed } = conn;
    if (progress !== this.#progress || isHalfClosed !== this.#isHalfClosed) {
      this.#progress = progress;
      this.#isHalfClosed = isHalfClosed;
      this.#quietSince = now;
    }
    const allowedMs = isHalfClosed ? watch.halfCloseMs : watch.idleMs;
    if (now - this.#quietSince < allowedMs) watch.lookAgain(this);
    // By a reset: a cut must not look like an orderly end.
    else conn._destroy(quietFor(allowedMs, isHalfClosed, conn.id), true);
  }
}

function quietFor(ms: number, isHalfClosed: boolean, id: number): MuxError {
  const state = isHalfClosed ? ', one side of which had ended,' : '';
  return new MuxError('ERR_MUX_TIMEOUT', `connection ${id}${state} was quiet for ${ms} ms`);
}
