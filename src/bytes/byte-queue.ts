/** Where bytes of a {@link ByteQueue} go. */
export interface ByteSink {
  append(bytes: Uint8Array): void;
}

// Below this many places a shift is a small move; above, the places passed are cut off in one go.
const MAX_PASSED = 64;

/** Chunks in order, counted in bytes and taken in any number of bytes; nothing is copied. It has no bound: its owner has. */
export class ByteQueue {
  /** Bytes in the queue. */
  bytes = 0;
  #chunks: Uint8Array[] = [];
  #first = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Moves the first `bytes` bytes to `sink`; there must be as many. */
  moveTo(sink: ByteSink, bytes: number): void {
    this.bytes -= bytes;
    let left = bytes;
    while (left > 0) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      if (chunk.length <= left) {
        left -= chunk.length;
        this.#pass();
        sink.append(chunk);
      } else {
        this.#chunks[this.#first] = chunk.subarray(left);
        sink.append(chunk.subarray(0, left));
        left = 0;
      }
    }
  }

  clear(): void {
    this.#chunks = [];
    this.#first = this.bytes = 0;
  }

  #pass(): void {
    this.#first++;
    if (this.#first === this.#chunks.length) this.#chunks.length = this.#first = 0;
    else if (this.#first === MAX_PASSED) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
