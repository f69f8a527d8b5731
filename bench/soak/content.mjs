import { createHash } from 'node:crypto';
import { Random } from './random.mjs';

const CHUNK_BYTES = 50_000;

// A prime, so that chunks never begin at the same place.
const block = Buffer.alloc(1_048_573);
const random = new Random(1);
for (let at = 0; at < block.length; at++) block[at] = random.whole(0, 255);

/** What one direction of a stream carries: bytes of one block, again and again, from a place of its own. */
export class Content {
  /** @param head - what comes before */
  constructor(head, from, size) {
    this.head = head;
    this.from = from % block.length;
    this.size = head.length + size;
  }

  /** The first `size` bytes, in chunks. */
  *chunks(size = this.size) {
    yield this.head.subarray(0, size);
    let at = this.from;
    for (let left = size - this.head.length; left > 0;) {
      const chunk = block.subarray(at, at + Math.min(left, CHUNK_BYTES));
      yield chunk;
      left -= chunk.length;
      at = (at + chunk.length) % block.length;
    }
  }

  /** SHA-256 of the first `size` bytes. */
  sha256(size) {
    const hash = createHash('sha256');
    for (const chunk of this.chunks(size)) hash.update(chunk);
    return hash.digest('hex');
  }
}
