import type { MuxStream } from './mux-stream.js';
import type { StreamMap } from './stream-map.js';

/**
 * What a session that is being closed still has to send: what was written before. That may wait in the queue of a Duplex or a Web Stream,
 * and then comes to its stream later. Whatever is written after it is refused.
 */
export class Closing {
  readonly #streams: StreamMap;
  readonly #queuedBytes = new Map<MuxStream, number>();

  constructor(streams: StreamMap) {
    this.#streams = streams;
    for (const stream of streams) this.#queuedBytes.set(stream, stream.unpassedBytes);
  }

  /** True for bytes that were written too late. */
  refuses(stream: MuxStream, bytes: number): boolean {
    const queued = this.#queuedBytes.get(stream) ?? 0;
    this.#queuedBytes.set(stream, queued - bytes);
    return queued <= 0;
  }

  /** True once all of it was handed to the transport. */
  get isDone(): boolean {
    for (const stream of this.#streams) {
      const queued = this.#queuedBytes.get(stream) ?? 0;
      if (queued > 0 || stream.bufferedBytes > 0 || stream.isEndDue) return false;
    }
    return true;
  }
}
