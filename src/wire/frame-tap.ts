import type { FrameSink } from './codec.js';
import type { Frame } from './frame.js';

/** Makes an object of each frame that passes, for those who want to see them, and lets it pass. */
export class FrameTap implements FrameSink {
  readonly #tell: (frame: Frame) => void;
  #to: FrameSink | undefined;
  #dataId = 0;

  /**
   * @param tell - gets each frame, before `to` does
   * @param to - who else is told; nobody if left out
   */
  constructor(tell: (frame: Frame) => void, to?: FrameSink) {
    this.#tell = tell;
    this.#to = to;
  }

  /** Who else is told is told no more, from within `tell` on. */
  cut(): void {
    this.#to = undefined;
  }

  onOpen(id: number, credit: number, type: number, priority: number): void {
    const typed = type < 0 ? {} : { type };
    this.#tell({ kind: 'open', id, credit, ...typed, ...(priority < 0 ? {} : { priority }) });
    this.#to?.onOpen(id, credit, type, priority);
  }

  onAccept(id: number, credit: number): void {
    this.#tell({ kind: 'accept', id, credit });
    this.#to?.onAccept(id, credit);
  }

  onDataHeader(id: number, length: number): void {
    this.#dataId = id;
    // A frame without bytes is a frame too.
    if (length === 0) this.#tell({ kind: 'data', id, bytes: new Uint8Array(0) });
    this.#to?.onDataHeader(id, length);
  }

  onData(bytes: Uint8Array): void {
    this.#tell({ kind: 'data', id: this.#dataId, bytes });
    this.#to?.onData(bytes);
  }

  onEnd(id: number): void {
    this.#tell({ kind: 'end', id });
    this.#to?.onEnd(id);
  }

  onReset(id: number, code: number): void {
    this.#tell({ kind: 'reset', id, code });
    this.#to?.onReset(id, code);
  }

  onCredit(id: number, increment: number, consumed: number, window: number): void {
    const absolute = window < 0 ? {} : { consumed, window };
    this.#tell({ kind: 'credit', id, increment, ...absolute });
    this.#to?.onCredit(id, increment, consumed, window);
  }

  onPing(value: number): void {
    this.#tell({ kind: 'ping', value });
    this.#to?.onPing(value);
  }

  onPong(value: number): void {
    this.#tell({ kind: 'pong', value });
    this.#to?.onPong(value);
  }

  onGoAway(lastId: number, code: number, debug: Uint8Array): void {
    this.#tell({ kind: 'goAway', lastId, code, debug: new Uint8Array(debug) });
    this.#to?.onGoAway(lastId, code, debug);
  }

  onUnknown(type: number, length: number): void {
    this.#tell({ kind: 'unknown', type, length });
    this.#to?.onUnknown(type, length);
  }
}
