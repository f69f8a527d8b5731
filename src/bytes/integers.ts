/** The unsigned big-endian 16-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The unsigned big-endian 24-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | u16(bytes, at + 1);
}
