import { ChunkQueue } from './chunk-queue.js';

/** Where bytes of a {@link ByteQueue} go. */
export interface ByteSink {
  append(bytes: Uint8Array): void;
}

/** Chunks that are taken in any number of bytes. */
export class ByteQueue extends ChunkQueue {
  // The bytes taken of the first chunk, which stays in memory until all are taken.
  #takenBytes = 0;

  override get heldBytes(): number {
    return super.heldBytes + this.#takenBytes;
  }

  override push(chunk: Uint8Array): void {
    if (chunk.length > 0) super.push(chunk);
  }

  override keep(chunk: Uint8Array): void {
    if (chunk.length > 0) super.keep(chunk);
  }

  /** Moves the first `bytes` bytes to `sink`; there must be as many. */
  moveTo(sink: ByteSink, bytes: number): void {
    this.bytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const chunk = this.head() as Uint8Array;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.#takenBytes = 0;
        this.pass();
        sink.append(chunk);
      } else {
        this.chunks[this.first] = chunk.subarray(left);
        this.#takenBytes += left;
        sink.append(chunk.subarray(0, left));
        left = 0;
      }
    }
  }

  override clear(): void {
    super.clear();
    this.#takenBytes = 0;
  }
}
