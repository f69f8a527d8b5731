import { Subject, type Observable, type SchedulerLike } from 'rxjs';
import { MuxError } from '../errors.js';

/** Accepting failed, once or several times. */
export interface AcceptFailure {
  /** `ERR_MUX_ACCEPT`; its cause is the system's error, absent for a limit. */
  readonly error: MuxError;
  /** How many failures between the last reported one and this one were not reported. */
  readonly unreported: number;
  /** No further failure is reported for so many milliseconds. */
  readonly quietMs: number;
}

const FIRST_MS = 5;
const LAST_MS = 1000;

/**
 * Tells accept errors with the pauses of Go's net/http (`Server.Serve`): 5 ms, doubled up to 1 s, and from 5 ms again after a
 * quiet second. Node goes on accepting by itself.
 */
export class AcceptErrors {
  readonly errors$: Observable<AcceptFailure>;
  readonly #told$ = new Subject<AcceptFailure>();
  readonly #scheduler: SchedulerLike;
  #quietMs = 0;
  #until = -Infinity;
  #unreported = 0;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.errors$ = this.#told$.asObservable();
  }

  add(text: string, cause?: unknown): void {
    const now = this.#scheduler.now();
    if (now < this.#until) {
      this.#unreported++;
      return;
    }
    this.#quietMs = now - this.#until > LAST_MS ? FIRST_MS : Math.min(2 * this.#quietMs, LAST_MS);
    this.#until = now + this.#quietMs;
    const unreported = this.#unreported;
    this.#unreported = 0;
    const error = new MuxError('ERR_MUX_ACCEPT', text, { scope: 'listener', cause });
    this.#told$.next({ error, unreported, quietMs: this.#quietMs });
  }
}
