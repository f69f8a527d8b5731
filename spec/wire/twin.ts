import { MAX_DEBUG_BYTES } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';

/** What a twin made of some bytes. */
export interface Second {
  readonly frames: readonly Frame[];
  readonly isMidFrame: boolean;
  readonly isBad: boolean;
}

/** What a header says: how much follows, and what it means, of which `body` is all that came. */
export interface Head {
  readonly bodyBytes: number;
  tell(body: DataView, isWhole: boolean): readonly Frame[];
}

/** A second decoder, written for nothing but to be plain, that takes all bytes at once. */
export type Twin = (bytes: Uint8Array) => Second;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * Makes a twin of a function that reads one header; it gives `'bad'` for what ends the session. `start` makes a new one for each
 * connection, since a header may mean something else behind another.
 */
export function twinOf(headerBytes: number, start: () => (header: DataView) => Head | 'bad'): Twin {
  return (bytes) => {
    const read = start();
    const frames: Frame[] = [];
    let rest = bytes;
    while (rest.length >= headerBytes) {
      const head = read(viewOf(rest.subarray(0, headerBytes)));
      if (head === 'bad') return { frames, isMidFrame: false, isBad: true };
      const body = rest.subarray(headerBytes, headerBytes + head.bodyBytes);
      const isWhole = body.length === head.bodyBytes;
      frames.push(...head.tell(viewOf(body), isWhole));
      if (!isWhole) return { frames, isMidFrame: true, isBad: false };
      rest = rest.subarray(headerBytes + head.bodyBytes);
    }
    return { frames, isMidFrame: rest.length > 0, isBad: false };
  };
}

const bytesOf = (body: DataView, from = 0, to = body.byteLength): Uint8Array =>
  new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice(from, to);

/** A head without a body that is one frame, or several. */
export const bare = (...frames: readonly Frame[]): Head => ({ bodyBytes: 0, tell: () => frames });

/** A head whose body means nothing before its last byte. */
export const control = (bodyBytes: number, tell: (body: DataView) => Frame): Head => ({
  bodyBytes,
  tell: (body, isWhole) => (isWhole ? [tell(body)] : []),
});

/** Data, told as it arrives, between what its flags say. A frame of nothing but flags is no data. */
export const streamed = (id: number, bodyBytes: number, first: readonly Frame[], last: readonly Frame[]): Head => ({
  bodyBytes,
  tell: (body, isWhole) => {
    const isData = bodyBytes > 0 || (first.length === 0 && last.length === 0);
    const data: Frame = { kind: 'data', id, bytes: bytesOf(body) };
    return [...first, ...(isData ? [data] : []), ...(isWhole ? last : [])];
  },
});

/** A GoAway of muxado: two numbers and text. */
export const goAway = (body: DataView): Frame => ({
  kind: 'goAway',
  lastId: body.getUint32(0) % 2 ** 31,
  code: body.getUint32(4),
  debug: bytesOf(body, 8, 8 + MAX_DEBUG_BYTES),
});
