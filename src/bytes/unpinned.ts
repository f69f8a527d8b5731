/** A copy of fewer bytes costs less than reading the size of their buffer: V8 may have to make a buffer object for that. */
const SMALL_BYTES = 256;

/**
 * A chunk that has to wait, without the memory around it: a view of a few bytes keeps the whole buffer that they came in. A chunk of
 * two thirds of its buffer or more stays as it is, others are copied. So waiting chunks cost at most half as much again as they count.
 */
export function unpinned(chunk: Uint8Array): Uint8Array {
  if (chunk.length >= SMALL_BYTES && chunk.length * 3 >= chunk.buffer.byteLength * 2) return chunk;
  // Of a Buffer, too, this is a copy, and a Buffer: its own `slice` shares the memory.
  return Uint8Array.prototype.slice.call(chunk);
}
