import { ChunkQueue } from './chunk-queue.js';

/** Where bytes of a {@link ByteQueue} go. */
export interface ByteSink {
  append(bytes: Uint8Array): void;
}

/** Chunks that are taken in any number of bytes. */
export class ByteQueue extends ChunkQueue {
  override push(chunk: Uint8Array): void {
    if (chunk.length > 0) super.push(chunk);
  }

  /** Moves the first `bytes` bytes to `sink`; there must be as many. */
  moveTo(sink: ByteSink, bytes: number): void {
    this.bytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const chunk = this.chunks[this.first] as Uint8Array;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.pass();
        sink.append(chunk);
      } else {
        this.chunks[this.first] = chunk.subarray(left);
        sink.append(chunk.subarray(0, left));
        left = 0;
      }
    }
  }
}
