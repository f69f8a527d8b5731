import type { SchedulerLike, Subscription } from 'rxjs';

/** Something that must happen by a time; a link of the chain that {@link Deadlines} keeps. */
export interface Due {
  /** The time, in the scheduler's milliseconds. */
  readonly dueAt: number;
  /** The time has come and it has not happened. */
  expire(): void;
  /** Its neighbours, kept by {@link Deadlines}. */
  earlier: Due | undefined;
  later: Due | undefined;
}

/**
 * What is due the same span ahead each, so the first added is the first due: one timer serves them all, adding or removing
 * one touches no timer, and a removed one is not remembered. A deadline passes one turn of the event loop late, so that
 * bytes that had arrived in time but were not read yet, because the loop was busy, are read first.
 */
export class Deadlines<T extends Due> {
  size = 0;
  readonly #ms: number;
  readonly #scheduler: SchedulerLike;
  #first: Due | undefined;
  #last: Due | undefined;
  #timer: Subscription | undefined;

  constructor(ms: number, scheduler: SchedulerLike) {
    this.#ms = ms;
    this.#scheduler = scheduler;
  }

  /** Watches something that is due `ms` from now. */
  add(due: T): void {
    this.size++;
    due.earlier = this.#last;
    if (this.#last === undefined) this.#first = due;
    else this.#last.later = due;
    this.#last = due;
    this.#timer ??= this.#wakeIn(this.#ms);
  }

  /** The oldest entry that is still due. */
  get oldest(): T | undefined {
    return this.#first as T | undefined;
  }

  /** It has happened. */
  remove(due: T): void {
    this.size--;
    const { earlier, later } = due;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    due.earlier = due.later = undefined;
  }

  /** Stops the clock and gives back all that is still due. */
  stop(): T[] {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    const left: T[] = [];
    for (let due = this.#first; due !== undefined; due = due.later) left.push(due as T);
    return left;
  }

  #wakeIn(ms: number): Subscription {
    return this.#scheduler.schedule(() => {
      // What falls due within the turn that follows has one of its own.
      const wokeAt = this.#scheduler.now();
      this.#timer = this.#scheduler.schedule(() => {
        this.#expireDue(wokeAt);
      }, 0);
    }, ms);
  }

  #expireDue(wokeAt: number): void {
    while (this.#first !== undefined && this.#first.dueAt <= wokeAt) this.#first.expire();
    const next = this.#first;
    this.#timer = next === undefined ? undefined : this.#wakeIn(Math.max(0, next.dueAt - this.#scheduler.now()));
  }
}
