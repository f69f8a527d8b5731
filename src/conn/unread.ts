/** Smaller than this a chunk costs more than its bytes: an object, a view and a place in a list. */
const SMALL_BYTES = 256;
const GATHERED_BYTES = 4096;
/** So many may wait as they came: what people write by hand arrives as it was written. */
const FEW = 16;

/**
 * Chunks that wait for a reader, in order. What has to wait for long is kept so that it costs about what it counts: a few bytes
 * don't keep the whole of what they came in, and small chunks are gathered.
 */
export class Unread {
  /** Bytes that wait. */
  bytes = 0;
  readonly #chunks: Uint8Array[] = [];
  // Bytes in the last chunk where that is one of ours, to be written behind; and how many there is room for.
  #gathered = 0;
  #capacity = 0;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Adds a chunk that is read at once. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
    this.#gathered = 0;
  }

  /** Adds a chunk that has to wait. */
  keep(chunk: Uint8Array): void {
    if (chunk.length < SMALL_BYTES && this.#chunks.length >= FEW) this.#gather(chunk);
    // By the constructor: `slice` of a Buffer shares its memory.
    else this.push(chunk.length * 4 < chunk.buffer.byteLength ? new Uint8Array(chunk) : chunk);
  }

  /** Puts a chunk before all others. */
  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.bytes += chunk.length;
  }

  shift(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) this.bytes -= chunk.length;
    if (this.isEmpty) this.#gathered = 0;
    return chunk;
  }

  /** Takes all of it. */
  takeAll(): Uint8Array[] {
    this.bytes = this.#gathered = 0;
    return this.#chunks.splice(0);
  }

  #gather(chunk: Uint8Array): void {
    const used = this.#gathered;
    const length = used + chunk.length;
    const last = used === 0 || length > GATHERED_BYTES ? undefined : this.#chunks.pop();
    this.bytes += chunk.length;
    if (last === undefined) {
      this.#chunks.push(new Uint8Array(chunk));
      this.#gathered = this.#capacity = chunk.length;
      return;
    }
    const whole = this.#withRoom(last, length);
    whole.set(chunk, used);
    this.#chunks.push(whole);
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
