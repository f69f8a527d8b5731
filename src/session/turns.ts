import type { MuxStream } from './mux-stream.js';

const QUANTUM_BYTES = 16_384;
const ALONE_BYTES = 65_536;

/**
 * Whose turn it is to send: deficit round robin by bytes (Shreedhar and Varghese, 1995). Each turn gives a stream a quantum of
 * 16 KiB times its weight; what it leaves it keeps for as long as it has data. A stream that is alone gets longer frames.
 */
export class Turns {
  #queue: MuxStream[] = [];
  #first = 0;

  get length(): number {
    return this.#queue.length - this.#first;
  }

  /** Lines up a stream that has something to send and may send it. */
  add(stream: MuxStream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    this.#queue.push(stream);
  }

  /** Takes the stream whose turn it is, with a quantum more to its account. */
  next(): MuxStream | undefined {
    const stream = this.#queue[this.#first];
    if (stream === undefined) return undefined;
    stream.deficitBytes +=
      this.length === 1 ? Math.max(ALONE_BYTES, QUANTUM_BYTES * stream.weight) : QUANTUM_BYTES * stream.weight;
    this.#first++;
    if (this.#first === this.#queue.length) this.#queue.length = this.#first = 0;
    else if (this.#first === 1024) {
      this.#queue.splice(0, this.#first);
      this.#first = 0;
    }
    stream.isQueued = false;
    return stream;
  }

  clear(): void {
    this.#queue = [];
    this.#first = 0;
  }
}

const MAX_PRIORITY = 0x7fff_ffff;
const MAX_WEIGHT = 256;

/** muxado 1 sends a priority, the more the more urgent: it becomes the weight of what we send back. */
export function weightOf(priority: number): number {
  return priority <= 0 ? 1 : Math.min(MAX_WEIGHT, 1 + Math.floor((priority / MAX_PRIORITY) * MAX_WEIGHT));
}
