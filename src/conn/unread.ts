import { ChunkQueue } from '../bytes/chunk-queue.js';

/** Smaller than this a chunk costs more than its bytes: an object, a view and a place in a list. */
const SMALL_BYTES = 256;
const GATHERED_BYTES = 4096;
/** So many may wait as they came: what people write by hand arrives as it was written. */
const FEW = 16;

/**
 * Chunks that wait for a reader, in order. What has to wait for long is kept so that it costs about what it counts: a few bytes
 * don't keep the whole of what they came in, and small chunks are gathered.
 */
export class Unread extends ChunkQueue {
  // Bytes in the last chunk where that is one of ours, to be written behind; and how many there is room for.
  #gathered = 0;
  #capacity = 0;

  /** Adds a chunk that is read at once. */
  override push(chunk: Uint8Array): void {
    super.push(chunk);
    this.#gathered = 0;
  }

  /** Adds a chunk that has to wait. */
  keep(chunk: Uint8Array): void {
    if (chunk.length < SMALL_BYTES && this.chunks.length - this.first >= FEW) this.#gather(chunk);
    // By the constructor: `slice` of a Buffer shares its memory.
    else this.push(chunk.length * 4 < chunk.buffer.byteLength ? new Uint8Array(chunk) : chunk);
  }

  /** Puts a chunk before all others. */
  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.isEmpty) this.chunks = [chunk];
    else if (this.first === 0) this.chunks.unshift(chunk);
    else this.chunks[--this.first] = chunk;
    this.bytes += chunk.length;
  }

  #gather(chunk: Uint8Array): void {
    const used = this.#gathered;
    const length = used + chunk.length;
    const last = used === 0 || length > GATHERED_BYTES ? undefined : this.chunks.pop();
    if (last === undefined) {
      super.push(new Uint8Array(chunk));
      this.#gathered = this.#capacity = chunk.length;
      return;
    }
    this.bytes += chunk.length;
    const whole = this.#withRoom(last, length);
    whole.set(chunk, used);
    this.chunks.push(whole);
    this.#gathered = length;
  }

  // Twice what is needed, so that a chunk is copied a few times and not once for each that follows.
  #withRoom(last: Uint8Array, length: number): Uint8Array {
    if (length <= this.#capacity) return new Uint8Array(last.buffer, 0, length);
    this.#capacity = Math.min(2 * length, GATHERED_BYTES);
    const whole = new Uint8Array(this.#capacity).subarray(0, length);
    whole.set(last);
    return whole;
  }
}
