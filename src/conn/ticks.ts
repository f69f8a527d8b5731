import { asyncScheduler, interval, type SchedulerLike, type Subscription } from 'rxjs';

const EVERY_MS = 5;
/** A timer that is later than this was delayed by the browser, or the page is busy. */
const LATE_MS = 100;

/** The script of the worker: answers each message after the milliseconds in it. */
const WORKER_CODE = 'onmessage = ({ data }) => setTimeout(() => postMessage(0), data)';

/** The part of a Web Worker that is used here. */
interface TickWorker {
  onmessage: (() => void) | null;
  postMessage(ms: number): void;
  terminate(): void;
}

/** The globals of a page; workers and Node have no document. */
interface Page {
  readonly document?: { readonly hidden: boolean };
  readonly Worker?: new (url: string) => TickWorker;
}

/**
 * Calls back about every 5 ms between `start` and `stop`.
 *
 * Browsers run the timers of a hidden page, and of some visible frames, once a second or less. They do not delay Web Workers. So when
 * the page is hidden, or a tick came late, a worker gives ticks beside the timer. If the Content Security Policy of the page forbids
 * workers from a Blob, there is only the timer.
 */
export class Ticks {
  readonly #onTick: () => void;
  readonly #scheduler: SchedulerLike;
  #timer: Subscription | undefined;
  #dueAt = 0;
  #isLate = false;
  /** Null if the page cannot have one. */
  #worker: TickWorker | null | undefined;
  #isAsked = false;

  /** @param scheduler - the clock of the timer */
  constructor(onTick: () => void, scheduler: SchedulerLike = asyncScheduler) {
    this.#onTick = onTick;
    this.#scheduler = scheduler;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#dueAt = this.#scheduler.now() + EVERY_MS;
    this.#timer = interval(EVERY_MS, this.#scheduler).subscribe(() => {
      const now = this.#scheduler.now();
      this.#isLate = now - this.#dueAt > LATE_MS;
      this.#dueAt = now + EVERY_MS;
      this.#tick();
    });
    this.#askWorker();
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  /** Stops for good, and ends the worker. */
  close(): void {
    this.stop();
    this.#worker?.terminate();
    this.#worker = null;
  }

  #tick(): void {
    this.#onTick();
    if (this.#timer !== undefined) this.#askWorker();
  }

  // One question at a time, so that a busy page finds one answer and not hundreds.
  #askWorker(): void {
    const { document } = globalThis as Page;
    if (this.#isAsked || document === undefined || !(this.#isLate || document.hidden)) return;
    this.#worker = this.#worker === undefined ? this.#startWorker() : this.#worker;
    if (this.#worker === null) return;
    this.#isAsked = true;
    this.#worker.postMessage(EVERY_MS);
  }

  #startWorker(): TickWorker | null {
    const { Worker } = globalThis as Page;
    if (Worker === undefined) return null;
    const url = URL.createObjectURL(new Blob([WORKER_CODE], { type: 'text/javascript' }));
    try {
      const worker = new Worker(url);
      worker.onmessage = () => {
        this.#isAsked = false;
        if (this.#timer !== undefined) this.#tick();
      };
      return worker;
    } catch {
      return null; // A policy of the page forbids it.
    } finally {
      URL.revokeObjectURL(url);
    }
  }
}
