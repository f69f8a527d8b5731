import { MuxError } from '../../src/errors.js';
import type { Codec } from '../../src/wire/codec.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import type { Frame } from '../../src/wire/frame.js';

/** What a decoder told of some bytes. */
export interface Told {
  readonly frames: readonly Frame[];
  readonly isMidFrame: boolean;
  /** Why it stopped; absent when it did not. */
  readonly error?: unknown;
}

/** Writes down each frame, data as one frame however it was cut; half of it when only half came. */
export class Recorder extends FrameTap {
  readonly frames: Frame[];

  constructor() {
    const frames: Frame[] = [];
    super((frame) => frames.push(frame));
    this.frames = frames;
  }

  override onDataHeader(id: number): void {
    this.frames.push({ kind: 'data', id, bytes: new Uint8Array(0) });
  }

  override onData(bytes: Uint8Array): void {
    const begun = this.frames.pop();
    if (begun?.kind !== 'data') throw new Error('data came without its header');
    this.frames.push({ ...begun, bytes: Uint8Array.from([...begun.bytes, ...bytes]) });
  }
}

/** Decodes `pieces` as a connection would bring them. */
export function decode(codec: Codec, pieces: Iterable<Uint8Array>): Told {
  const recorder = new Recorder();
  const decoder = codec.decoder(recorder);
  try {
    for (const piece of pieces) decoder.push(piece);
  } catch (error) {
    return { frames: recorder.frames, isMidFrame: false, error };
  }
  return { frames: recorder.frames, isMidFrame: decoder.isMidFrame };
}

/** True for the one error that bytes of a peer may lead to. */
export const isFrameError = (error: unknown): boolean =>
  MuxError.is(error) && error.code === 'ERR_MUX_FRAME' && error.scope === 'session' && error.initiator === 'remote';
