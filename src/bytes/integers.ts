/** The unsigned big-endian 16-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The unsigned big-endian 24-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | u16(bytes, at + 1);
}
/** Writes `value`, 0 to 2^16-1, big-endian at `at`; there must be room. */
export function putU16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

/** Writes `value`, 0 to 2^32-1, big-endian at `at`; there must be room. */
export function putU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** The unsigned big-endian 32-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

/** The unsigned little-endian 16-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u16le(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** The unsigned little-endian 32-bit number at `at`. Bytes past the end read as 0; check the length first. */
export function u32le(bytes: Uint8Array, at: number): number {
  return (u16le(bytes, at) | (u16le(bytes, at + 2) << 16)) >>> 0;
}

/** Writes `value`, 0 to 2^16-1, little-endian at `at`; there must be room. */
export function putU16le(out: Uint8Array, at: number, value: number): void {
  out[at] = value;
  out[at + 1] = value >>> 8;
}

/** Writes `value`, 0 to 2^32-1, little-endian at `at`; there must be room. */
export function putU32le(out: Uint8Array, at: number, value: number): void {
  putU16le(out, at, value);
  putU16le(out, at + 2, value >>> 16);
}
