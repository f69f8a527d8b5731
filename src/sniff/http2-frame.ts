import { latin1 } from './matcher.js';

/** What every HTTP/2 client sends first (RFC 9113 §3.4). */
export const HTTP2_PREFACE = latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Every byte that an HTTP/2 connection can begin with: `P`. */
export const HTTP2_FIRST_BYTES: readonly number[] = [0x50];

/** Frame types (RFC 9113 §6), as far as sniffing has to tell them apart. */
export const FrameType = { headers: 1, priority: 2, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 } as const;

/** Frame flags; `ack` is of SETTINGS, the others are of HEADERS. */
export const FrameFlag = { ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

const HEADER_BYTES = 9;

/** The header of a frame (RFC 9113 §4.1), and where in the bytes the frame lies. */
export interface Frame {
  /** Bytes of payload: what the peer claims. */
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly start: number;
  readonly payload: number;
  /** One past the last byte of payload; may be more than has arrived. */
  readonly end: number;
}

/** The frames in `bytes` from offset `at`, a frame boundary; the payload of the last one may still be on its way. */
export function* framesFrom(bytes: Uint8Array, at: number): Generator<Frame, void> {
  for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, frame.end)) yield frame;
}

/** Tells that the peer has taken the SETTINGS it was sent (RFC 9113 §6.5). */
export function isSettingsAck({ type, flags, length }: Frame): boolean {
  return type === FrameType.settings && (flags & FrameFlag.ack) !== 0 && length === 0;
}

function frameAt(bytes: Uint8Array, start: number): Frame | undefined {
  const payload = start + HEADER_BYTES;
  if (payload > bytes.length) return undefined;
  const byte = (offset: number): number => bytes[start + offset] ?? 0;
  const length = (byte(0) << 16) | (byte(1) << 8) | byte(2);
  // The first bit is reserved and has no meaning.
  const streamId = ((byte(5) & 0x7f) << 24) | (byte(6) << 16) | (byte(7) << 8) | byte(8);
  return { length, type: byte(3), flags: byte(4), streamId, start, payload, end: payload + length };
}
