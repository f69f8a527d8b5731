import { unpinned } from './unpinned.js';

const NOTHING = new Uint8Array(0);
// Places of chunks that have left are cut off when they are so many and most of the list: each chunk is moved once on the average.
const MIN_PASSED = 32;
// Never written to: most queues hold nothing, or one chunk, and an array that grows by one has room for 17.
const NONE: Uint8Array[] = [];

// The cost of a chunk in V8 besides its bytes: a view, a buffer and a place in the list. Chunks below three times this cost are gathered.
const CHUNK_BYTES = 300;
const SMALL_BYTES = 1024;
// So many may wait as they came: interactive writes arrive as they were written.
const FEW = 16;
// Each block that small chunks are gathered in is twice as large as the one before it.
const FIRST_BLOCK_BYTES = 2048;
const LAST_BLOCK_BYTES = 16_384;

/** Chunks in order, counted in bytes. The owner bounds it. */
export class ChunkQueue {
  /** Bytes in the queue. */
  bytes = 0;
  protected chunks: Uint8Array[] = NONE;
  /** The place of the first chunk. */
  protected first = 0;
  // Small chunks, side by side after all others, and the bytes of the block that they take.
  #block: Uint8Array | undefined;
  #blockBytes = 0;

  get isEmpty(): boolean {
    return this.first === this.chunks.length && this.#block === undefined;
  }

  /** About the memory that the queue takes. */
  get heldBytes(): number {
    const held = this.bytes + (this.chunks.length - this.first) * CHUNK_BYTES;
    return this.#block === undefined ? held : held + CHUNK_BYTES + this.#block.length - this.#blockBytes;
  }

  /** Adds a chunk that is taken soon: by reference, unless it is small and one of many. */
  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.#isGathered(chunk)) this.#gather(chunk);
    else this.#append(chunk);
  }

  /** Adds a chunk that has to wait: a few bytes do not keep the whole buffer that they came in. */
  keep(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.#isGathered(chunk)) this.#gather(chunk);
    else this.#append(unpinned(chunk));
  }

  /** Puts a chunk before all others. */
  unshift(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.first === this.chunks.length) this.chunks = [chunk];
    else if (this.first === 0) this.chunks.unshift(chunk);
    else this.chunks[--this.first] = chunk;
    this.bytes += chunk.length;
  }

  shift(): Uint8Array | undefined {
    const chunk = this.head();
    if (chunk === undefined) return undefined;
    this.bytes -= chunk.length;
    this.pass();
    return chunk;
  }

  /** Takes all of it. */
  takeAll(): Uint8Array[] {
    this.#closeBlock();
    const all = this.first === 0 ? this.chunks : this.chunks.slice(this.first);
    this.clear();
    return all;
  }

  clear(): void {
    this.chunks = NONE;
    this.first = this.bytes = 0;
    this.#block = undefined;
  }

  /** The first chunk. */
  protected head(): Uint8Array | undefined {
    if (this.first === this.chunks.length) this.#closeBlock();
    return this.chunks[this.first];
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

  #isGathered(chunk: Uint8Array): boolean {
    return chunk.length < SMALL_BYTES && this.chunks.length - this.first >= FEW;
  }

  #append(chunk: Uint8Array): void {
    this.#closeBlock();
    this.#add(chunk);
  }

  #add(chunk: Uint8Array): void {
    if (this.chunks.length === 0) this.chunks = [chunk];
    else this.chunks.push(chunk);
  }

  #gather(chunk: Uint8Array): void {
    let block = this.#block;
    if (block === undefined || this.#blockBytes + chunk.length > block.length) {
      const bytes = block === undefined ? FIRST_BLOCK_BYTES : Math.min(2 * block.length, LAST_BLOCK_BYTES);
      this.#closeBlock();
      this.#block = block = new Uint8Array(bytes);
      this.#blockBytes = 0;
    }
    block.set(chunk, this.#blockBytes);
    this.#blockBytes += chunk.length;
  }

  // The bytes in the block become a chunk, and no more are written after them.
  #closeBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    this.#block = undefined;
    this.#add(block.subarray(0, this.#blockBytes));
  }
}
