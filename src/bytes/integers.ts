/**
 * Unsigned big-endian numbers out of a byte array. The caller has checked that the bytes are there: what lies past the end
 * reads as 0.
 */

/** The 16-bit number at `at`. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The 24-bit number at `at`. */
export function u24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | u16(bytes, at + 1);
}
