import { fromEvent, share, takeUntil, type Observable } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { MuxError, SessionClosedError, UsageError } from '../errors.js';
import type { Core } from './core.js';
import type { MuxStream } from './mux-stream.js';

/** How a stream is opened. */
export interface OpenOptions {
  /**
   * The stream type, 0 to 2^32-1, which the peer finds in `meta.type`; for muxado 1 below 0xFFFFFEFF, where its extensions
   * begin. Only with a protocol that has types; muxado 1 does not tell 0 from none. @defaultValue none; 0 for muxado 2 with `typed`
   */
  readonly type?: number;
  /** Share of the connection against other streams with data, 1 to 256. @defaultValue 1 */
  readonly weight?: number;
  /** Tells the peer of the stream at once, where the protocol would wait for the first bytes (muxado 2). @defaultValue false */
  readonly eager?: boolean;
  /** Resets the stream when it aborts, or gives up waiting for the stream to be opened. */
  readonly signal?: AbortSignal;
}

const MAX_TYPE = 0xffff_ffff;

/** Opens streams in order, and keeps those waiting for which a limit leaves no room yet. */
export class OpenQueue {
  readonly #core: Core;
  #waiting: { readonly stream: MuxStream; readonly options: OpenOptions }[] = [];
  readonly #onExhausted: () => void;
  // One listener for all streams of a signal: of more than ten Node would warn.
  readonly #aborts = new WeakMap<AbortSignal, Observable<unknown>>();

  constructor(core: Core, onExhausted: () => void) {
    this.#core = core;
    this.#onExhausted = onExhausted;
  }

  /** A stream that is open, waits, or failed: `error` is why it cannot be opened. */
  open(options: OpenOptions, error: MuxError | undefined): MuxStream {
    const core = this.#core;
    this.#check(options);
    const stream = core.stream(true, options.weight ?? 1);
    const { signal } = options;
    if (options.type !== undefined) stream._know({ type: options.type });
    if (core.codec.traits.streamType === 'prefix') stream.putType(options.type ?? 0);
    const { maxWaitingOpens } = core.settings;
    // Those that were given up meanwhile don't wait.
    if (this.#waiting.length >= maxWaitingOpens)
      this.#waiting = this.#waiting.filter((waiting) => !waiting.stream.isOver);
    if (error !== undefined) stream.fail(error);
    else if (signal?.aborted === true) stream.fail(aborted(signal));
    else if (this.#hasRoom) this.#start(stream, options);
    else if (this.#waiting.length < maxWaitingOpens) this.#waiting.push({ stream, options });
    else {
      const text = `${this.#waiting.length} streams wait to be opened, allowed ${maxWaitingOpens}`;
      stream.fail(new MuxError('ERR_MUX_STREAM_LIMIT', text, { scope: 'stream', retryable: true }));
    }
    if (signal !== undefined && !stream.isOver) this.#obey(signal, stream);
    return stream;
  }

  /** Opens what waits, as far as there is room now. */
  fill(): void {
    while (this.#waiting.length > 0 && this.#hasRoom) {
      const next = this.#waiting.shift();
      if (next !== undefined && !next.stream.isOver) this.#start(next.stream, next.options);
    }
  }

  /** Tells the peer of streams that it would hear of with their first bytes only. */
  announceAll(): void {
    for (const stream of this.#core.table.streams.values()) if (stream.isUnopened) this.#announce(stream, {});
  }

  /** Nothing will be opened any more. */
  fail(error: MuxError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { stream } of waiting) stream.fail(error);
  }

  get #hasRoom(): boolean {
    const { table, settings } = this.#core;
    return table.outbound < settings.maxOpenStreams && table.unaccepted < settings.maxUnacceptedStreams;
  }

  #start(stream: MuxStream, options: OpenOptions): void {
    const core = this.#core;
    const { traits } = core.codec;
    const id = core.table.takeId();
    if (id === undefined) {
      const text = `stream ids are used up at ${traits.maxId}: open another session`;
      stream.fail(new SessionClosedError('ERR_MUX_IDS_EXHAUSTED', text, { scope: 'session', retryable: true }));
      this.#onExhausted();
      return;
    }
    stream.streamId = id;
    core.table.add(stream);
    core.streamsOpened++;
    if (!traits.lazyOpen || (options.eager === true && traits.streamType !== 'prefix')) this.#announce(stream, options);
    stream.onOpened();
  }

  #announce(stream: MuxStream, options: OpenOptions): void {
    const { writer, codec } = this.#core;
    const { slab, at } = writer.room();
    stream.isUnopened = false;
    // Where the opening frame has no room for credit, it follows.
    const credit = codec.traits.confirms ? stream.window.grant() : 0;
    writer.control(codec.encoder.open(slab, at, stream.streamId, credit, options.type ?? -1, -1));
    if (stream.window.isLarger) writer.owes(stream);
  }

  #obey(signal: AbortSignal, stream: MuxStream): void {
    const abort$ = this.#aborts.get(signal) ?? fromEvent(signal, 'abort').pipe(share());
    this.#aborts.set(signal, abort$);
    abort$.pipe(takeUntil(stream.closed$)).subscribe(() => {
      stream._destroy(aborted(signal));
    });
  }

  #check({ type, weight, signal }: OpenOptions): void {
    if (signal !== undefined && typeof (signal as Partial<AbortSignal>).addEventListener !== 'function')
      throw new UsageError('ERR_MUX_OPTION', 'signal is an AbortSignal');
    const { streamType, reservedTypes } = this.#core.codec.traits;
    checkWholeNumber('weight', weight, 1, 256);
    checkWholeNumber('type', type, 0, reservedTypes === undefined ? MAX_TYPE : reservedTypes - 1);
    if (type !== undefined && streamType === 'none')
      throw new UsageError('ERR_MUX_USAGE', 'this protocol has no stream types (muxado has, version 2 with `typed`)');
  }
}

function aborted(signal: AbortSignal): MuxError {
  return MuxError.from(signal.reason, 'ERR_MUX_ABORT', { scope: 'stream', initiator: 'local' });
}
