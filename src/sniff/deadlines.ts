import type { SchedulerLike, Subscription } from 'rxjs';

/** A time by which something must have happened. */
export interface Deadline {
  readonly at: number;
  /** What to do then; `undefined` once called off. */
  expire: (() => void) | undefined;
}

/**
 * Deadlines that all lie the same time ahead, so the first made is the first due: one timer serves them all, and making
 * or calling off one touches no timer. A deadline passes one turn of the event loop late, so that bytes that had arrived in
 * time but were not read yet, because the loop was busy, are read first.
 */
export class Deadlines {
  readonly #ms: number;
  readonly #scheduler: SchedulerLike;
  readonly #queue: Deadline[] = [];
  #head = 0;
  #timer: Subscription | undefined;

  constructor(ms: number, scheduler: SchedulerLike) {
    this.#ms = ms;
    this.#scheduler = scheduler;
  }

  /** Makes a deadline `ms` after `now`. */
  add(now: number, expire: () => void): Deadline {
    const deadline: Deadline = { at: now + this.#ms, expire };
    this.#queue.push(deadline);
    this.#timer ??= this.#wakeIn(this.#ms);
    return deadline;
  }

  callOff(deadline: Deadline): void {
    deadline.expire = undefined;
    this.#skip();
  }

  /** Calls off all of them. */
  stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#queue.length = 0;
    this.#head = 0;
  }

  #wakeIn(ms: number): Subscription {
    return this.#scheduler.schedule(() => {
      this.#timer = this.#scheduler.schedule(() => {
        this.#expireDue();
      }, 0);
    }, ms);
  }

  #expireDue(): void {
    const now = this.#scheduler.now();
    for (let next = this.#queue[this.#head]; next !== undefined && next.at <= now; next = this.#queue[this.#head]) {
      const { expire } = next;
      next.expire = undefined;
      this.#skip();
      expire?.();
    }
    const next = this.#queue[this.#head];
    this.#timer = next === undefined ? undefined : this.#wakeIn(next.at - now);
  }

  // Leaves the called-off ones at the front behind, and gives their room back now and then.
  #skip(): void {
    const queue = this.#queue;
    while (this.#head < queue.length && queue[this.#head]?.expire === undefined) this.#head++;
    if (this.#head === queue.length) queue.length = this.#head = 0;
    else if (this.#head >= 1024 && this.#head * 2 > queue.length) this.#head = (queue.splice(0, this.#head), 0);
  }
}
