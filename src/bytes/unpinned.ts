/** A copy of fewer bytes costs less than a look at their buffer, which V8 may have to make for the look. */
const SMALL_BYTES = 256;

/**
 * A chunk that has to wait, without the memory around it: a view of a few bytes keeps the whole buffer that they came in. What is two
 * thirds of its buffer or more stays as it is, the rest is copied, so that what waits costs at most half as much again as it counts.
 */
export function unpinned(chunk: Uint8Array): Uint8Array {
  if (chunk.length >= SMALL_BYTES && chunk.length * 3 >= chunk.buffer.byteLength * 2) return chunk;
  // By the constructor: `slice` of a Buffer shares its memory.
  return new Uint8Array(chunk);
}
