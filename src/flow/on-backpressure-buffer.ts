import { Observable, Subject, takeUntil, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Holdable, Intake, Reading } from '../conn/reading.js';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { ChunkQueue } from '../bytes/chunk-queue.js';
import { MuxError, OverflowError } from '../errors.js';

/** What a full buffer does with the next chunk. */
export type OverflowPolicy = 'error' | 'dropLatest' | 'dropOldest';

/** Settings of {@link onBackpressureBuffer}. */
export interface BackpressureBufferOptions {
  /** Bytes to hold at most. @defaultValue 1048576 (1 MiB) */
  readonly maxBytes?: number;
  /**
   * `'error'` ends in `ERR_MUX_OVERFLOW`; `'dropLatest'` loses the chunk that does not fit; `'dropOldest'` makes room for it.
   * @defaultValue `'error'`
   */
  readonly overflow?: OverflowPolicy;
}

/** 1 MiB: what a Conn holds for a writer that does not wait. */
const MAX_BYTES = 1 << 20;

/**
 * Stands between a source that cannot be held back and a reader that is slow at times (`consume`, `flowTo`, `paced`): holds
 * at most `maxBytes` bytes while the reader is paused. A plain subscriber is never slow and gets every chunk at once.
 *
 * Small chunks that wait are put together, as bytes on a connection are; none is cut. Cold. Completes after the last held chunk was delivered; an error of the source passes them.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a bound that is no positive whole number
 * @example
 * ```ts
 * telemetry$.pipe(onBackpressureBuffer({ maxBytes: 65536, overflow: 'dropOldest' }), paced(conn)).subscribe(conn);
 * ```
 */
export function onBackpressureBuffer(
  options: BackpressureBufferOptions = {},
): OperatorFunction<Uint8Array, Uint8Array> {
  const { maxBytes = MAX_BYTES, overflow = 'error' } = options;
  checkWholeNumber('maxBytes', maxBytes, 1);
  return (source) => new BufferedObservable(source, maxBytes, overflow);
}

/** The reader's side of any source of bytes: its own, where it can be held back, or a bounded buffer. */
export function holdable(source: Observable<Uint8Array>): Holdable {
  return '_read' in source ? (source as Holdable) : new BufferedObservable(source, MAX_BYTES, 'error');
}

class BufferedObservable extends Observable<Uint8Array> implements Holdable {
  constructor(
    readonly upstream: Observable<Uint8Array>,
    readonly maxBytes: number,
    readonly overflow: OverflowPolicy,
  ) {
    super((subscriber: Subscriber<Uint8Array>) => upstream.subscribe(subscriber));
  }

  /** @internal */
  _read(intake: Intake): Reading {
    return new BufferedReading(this, intake);
  }
}

class BufferedReading implements Reading {
  readonly #from: BufferedObservable;
  readonly #intake: Intake;
  readonly #chunks = new ChunkQueue();
  readonly #stop$ = new Subject<void>();
  #started = false;
  #paused = true;
  #delivering = false;
  #completed = false;
  #over = false;

  constructor(from: BufferedObservable, intake: Intake) {
    this.#from = from;
    this.#intake = intake;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (this.#over) return;
    this.#paused = false;
    if (!this.#started) this.#start();
    this.#deliver();
  }

  // Stopped by a Subject: a source that emits while it is subscribed to has no Subscription to end yet.
  #start(): void {
    this.#started = true;
    this.#from.upstream.pipe(takeUntil(this.#stop$)).subscribe({
      next: (chunk) => {
        this.#take(chunk);
      },
      error: (error: unknown) => {
        this.#fail(MuxError.from(error));
      },
      complete: () => {
        this.#completed = true;
        this.#deliver();
      },
    });
  }

  // The source has no credit to give.
  consumed(): void {}

  cancel(): void {
    this.#over = true;
    this.#chunks.clear();
    this.#stop$.next();
  }

  #take(chunk: Uint8Array): void {
    if (this.#over) return;
    const isWanted = !this.#paused && !this.#delivering;
    if (isWanted) this.#chunks.push(chunk);
    else if (this.#hasRoom(chunk.length)) this.#chunks.keep(chunk);
    else return;
    this.#deliver();
  }

  // Makes room where that is the policy, or ends where that is.
  #hasRoom(bytes: number): boolean {
    const { maxBytes, overflow } = this.#from;
    const wanted = this.#chunks.bytes + bytes;
    if (wanted <= maxBytes) return true;
    if (overflow === 'error') {
      this.#fail(new OverflowError('ERR_MUX_OVERFLOW', `${wanted} bytes wait for a slow reader, allowed ${maxBytes}`));
      return false;
    }
    if (overflow === 'dropLatest' || bytes > maxBytes) return false;
    while (this.#chunks.bytes + bytes > maxBytes) this.#chunks.shift();
    return true;
  }

  // A reader may pause or resume from within `next`, and a source may emit from within it: one loop delivers.
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (!this.#paused && !this.#over) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) break;
      this.#intake.next(chunk);
    }
    this.#delivering = false;
    if (this.#completed && this.#chunks.isEmpty && !this.#over) {
      this.#over = true;
      this.#intake.complete();
    }
  }

  #fail(error: MuxError): void {
    this.cancel();
    this.#intake.error(error);
  }
}
