const NOTHING = new Uint8Array(0);
// Places of chunks that have left are cut off when they are so many and most of the list: each chunk is moved once on the average.
const MIN_PASSED = 32;
// Never written to: most queues hold nothing, or one chunk, and an array that grows by one has room for 17.
const NONE: Uint8Array[] = [];

/** Chunks in order, counted in bytes; nothing is copied. It has no bound: its owner has. */
export class ChunkQueue {
  /** Bytes in the queue. */
  bytes = 0;
  protected chunks: Uint8Array[] = NONE;
  /** The place of the first chunk. */
  protected first = 0;

  get isEmpty(): boolean {
    return this.first === this.chunks.length;
  }

  push(chunk: Uint8Array): void {
    if (this.chunks.length === 0) this.chunks = [chunk];
    else this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  shift(): Uint8Array | undefined {
    const chunk = this.chunks[this.first];
    if (chunk === undefined) return undefined;
    this.bytes -= chunk.length;
    this.pass();
    return chunk;
  }

  /** Takes all of it. */
  takeAll(): Uint8Array[] {
    const all = this.first === 0 ? this.chunks : this.chunks.slice(this.first);
    this.clear();
    return all;
  }

  clear(): void {
    this.chunks = NONE;
    this.first = this.bytes = 0;
  }

  /** The first chunk has left. */
  protected pass(): void {
    if (++this.first === this.chunks.length) {
      this.chunks = NONE;
      this.first = 0;
      return;
    }
    // Its memory must not live as long as its place.
    this.chunks[this.first - 1] = NOTHING;
    if (this.first >= MIN_PASSED && this.first * 2 >= this.chunks.length) {
      this.chunks.splice(0, this.first);
      this.first = 0;
    }
  }
}
