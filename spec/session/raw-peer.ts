import type { SessionOptions } from '../../src/session/options.js';
import { session, type Session } from '../../src/session/session.js';
import { memoryPipe, type MemoryPipeOptions } from '../../src/testing/memory-pipe.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import type { Frame } from '../../src/wire/frame.js';
import { Clock } from './session-ends.js';

/** The other end of a session, played by hand: frames or bytes go in, what comes out is kept. */
export interface RawPeer {
  readonly session: Session;
  /** What the session sent so far. */
  readonly frames: Frame[];
  /** The same as it was on the wire. */
  readonly sent: () => string;
  /** How the connection ended here. */
  readonly ends: string[];
  send(...frames: readonly Frame[]): void;
  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void;
  /** Sends bytes given in hex. */
  sendHex(hex: string): void;
  /** The peer's FIN. */
  end(): void;
  /** Lets what is scheduled for this tick happen. */
  settled(): Promise<void>;
}

/** A session, without heartbeats and on a clock that stands still unless asked for, whose peer is played by hand. */
export function rawPeer(options: SessionOptions, pipe: MemoryPipeOptions = {}): RawPeer {
  const [raw, conn] = memoryPipe(pipe);
  const frames: Frame[] = [];
  const ends: string[] = [];
  let sent = '';
  const decoder = options.codec.decoder(new FrameTap((frame) => frames.push(frame)));
  raw.subscribe({
    next: (bytes) => {
      sent += Buffer.from(bytes).toString('hex');
      decoder.push(bytes);
    },
    complete: () => ends.push('complete'),
    error: () => ends.push('error'),
  });
  return {
    session: session(conn, { keepAlive: false, scheduler: new Clock(), ...options }),
    frames,
    sent: () => sent,
    ends,
    send(...more) {
      for (const frame of more) raw.next(encodeFrame(options.codec, frame));
    },
    sendBytes(bytes) {
      raw.next(bytes);
    },
    sendHex(hex) {
      raw.next(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    },
    end() {
      raw.complete();
    },
    settled: () =>
      new Promise((resolve) => {
        setImmediate(resolve);
      }),
  };
}

/** What became of a stream, or of accept$: bytes as text, then its end. */
export function log(observable: {
  subscribe(observer: { next(v: unknown): void; complete(): void; error(e: unknown): void }): unknown;
}): string[] {
  const seen: string[] = [];
  observable.subscribe({
    next: (value) => seen.push(value instanceof Uint8Array ? Buffer.from(value).toString() : 'stream'),
    complete: () => seen.push('complete'),
    error: (error) => seen.push((error as { readonly code: string }).code),
  });
  return seen;
}
