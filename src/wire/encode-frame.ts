import type { Codec } from './codec.js';
import type { Frame } from './frame.js';

const NOTHING = new Uint8Array(0);

/**
 * The bytes of one frame. Empty for a frame that the protocol does not have, and for one of `kind: 'unknown'`.
 *
 * @param codec - the protocol
 * @param frame - what to write; data as long as the protocol's `maxPayloadBytes` at most
 * @example
 * ```ts
 * encodeFrame(yamux(), { kind: 'ping', value: 7 });   // 00 02 00 01 00 00 00 00 00 00 00 07
 * ```
 */
export function encodeFrame(codec: Codec, frame: Frame): Uint8Array {
  const body = frame.kind === 'data' ? frame.bytes : NOTHING;
  const out = new Uint8Array(codec.traits.maxControlBytes + body.length);
  const length = write(codec, frame, out);
  out.set(body, length);
  return out.subarray(0, length + body.length);
}

function write({ encoder }: Codec, frame: Frame, out: Uint8Array): number {
  switch (frame.kind) {
    case 'open':
      return encoder.open(out, 0, frame.id, frame.credit ?? 0, frame.type ?? -1, frame.priority ?? -1);
    case 'accept':
      return encoder.accept(out, 0, frame.id, frame.credit ?? 0);
    case 'data':
      return encoder.dataHeader(out, 0, frame.id, frame.bytes.length, false);
    case 'end':
      return encoder.end(out, 0, frame.id);
    case 'reset':
      return encoder.reset(out, 0, frame.id, frame.code);
    case 'credit':
      return encoder.credit(out, 0, frame.id, frame.increment, frame.consumed ?? 0, frame.window ?? 0);
    case 'ping':
      return encoder.ping(out, 0, frame.value);
    case 'pong':
      return encoder.pong(out, 0, frame.value);
    case 'goAway':
      return encoder.goAway(out, 0, frame.lastId, frame.code);
    case 'unknown':
      return 0;
  }
}
