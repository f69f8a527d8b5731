import { ProtocolError } from '../errors.js';
import { MAX_DEBUG_BYTES, type Decoder, type FrameSink } from './codec.js';

const CONTROL_BYTES = 8 + MAX_DEBUG_BYTES;

/**
 * The part of decoding that all protocols share: headers and small bodies that are split are put together, data is handed on
 * as it arrives. A codec reads one whole header and says by `expectData`, `expectControl` or `expectSkip` what follows it.
 * Nothing is allocated from a length that the peer named.
 */
export abstract class FrameDecoder implements Decoder {
  sink: FrameSink;
  readonly #headerBytes: number;
  // A header, or the body of a control frame, that came in pieces.
  #held: Uint8Array;
  #heldBytes = 0;
  #body: 'none' | 'data' | 'control' | 'skip' = 'none';
  #left = 0;
  #isReading = false;
  #isPaused = false;
  // The rest of a chunk after a pause, and chunks that came meanwhile.
  #next: Uint8Array[] = [];

  constructor(sink: FrameSink, headerBytes: number) {
    this.sink = sink;
    this.#headerBytes = headerBytes;
    this.#held = new Uint8Array(headerBytes);
  }

  get isMidFrame(): boolean {
    return this.#body !== 'none' || this.#heldBytes > 0;
  }

  get isMidData(): boolean {
    return this.#body === 'data';
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Reads the header at `at`, which is all there. */
  protected abstract header(bytes: Uint8Array, at: number): void;
  /** Reads the body that `expectControl` asked for, `length` bytes at `at`. */
  protected abstract control(bytes: Uint8Array, at: number, length: number): void;
  /** All bytes of a data frame were handed on. */
  protected abstract dataDone(): void;

  /** `length` bytes of data follow; the sink has heard of them. */
  protected expectData(length: number): void {
    if (length === 0) this.dataDone();
    else this.#expect('data', length);
  }

  /** A small body follows; of one longer than the cap (the text of a GoAway) the rest is dropped. */
  protected expectControl(length: number): void {
    if (length === 0) this.control(this.#held, 0, 0);
    else this.#expect('control', length);
  }

  /** An unwanted body follows. */
  protected expectSkip(length: number): void {
    if (length > 0) this.#expect('skip', length);
  }

  protected violation(text: string): ProtocolError {
    return new ProtocolError('ERR_MUX_FRAME', text, { scope: 'session', initiator: 'remote' });
  }

  push(chunk: Uint8Array): void {
    // A transport in memory may bring the answer to what is sent between two frames from within the write: it waits here, and is no
    // more than the peer makes of one write.
    if (this.#isReading || this.#isPaused) this.#next.push(chunk);
    else this.#readAll(chunk);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isReading) this.#readAll(this.#next.shift());
  }

  #readAll(chunk: Uint8Array | undefined): void {
    this.#isReading = true;
    try {
      for (let next = chunk; next !== undefined; next = this.#isPaused ? undefined : this.#next.shift())
        this.#read(next);
    } finally {
      this.#isReading = false;
    }
  }

  #read(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#isPaused) {
        this.#next.unshift(chunk.subarray(at));
        return;
      }
      if (this.#body !== 'none') at = this.#takeBody(chunk, at);
      else if (this.#heldBytes === 0 && end - at >= this.#headerBytes) {
        this.header(chunk, at);
        at += this.#headerBytes;
      } else at = this.#takeHeader(chunk, at);
    }
  }

  #expect(body: 'data' | 'control' | 'skip', length: number): void {
    this.#body = body;
    this.#left = length;
  }

  #takeHeader(chunk: Uint8Array, at: number): number {
    const taken = this.#hold(chunk, at, this.#headerBytes - this.#heldBytes);
    if (this.#heldBytes === this.#headerBytes) {
      this.#heldBytes = 0;
      this.header(this.#held, 0);
    }
    return at + taken;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at);
    const isWhole = (this.#left -= taken) === 0;
    const body = this.#body;
    // Before anybody is told: what is told may throw, and may ask isMidFrame.
    if (isWhole) this.#body = 'none';
    if (body === 'data') {
      this.sink.onData(taken === chunk.length ? chunk : chunk.subarray(at, at + taken));
      if (isWhole) this.dataDone();
    } else if (body === 'control') this.#takeControl(chunk, at, taken, isWhole);
    return at + taken;
  }

  #takeControl(chunk: Uint8Array, at: number, taken: number, isWhole: boolean): void {
    if (isWhole && this.#heldBytes === 0) {
      this.control(chunk, at, Math.min(taken, CONTROL_BYTES));
      return;
    }
    if (this.#held.length < CONTROL_BYTES) this.#held = new Uint8Array(CONTROL_BYTES);
    this.#hold(chunk, at, Math.min(taken, CONTROL_BYTES - this.#heldBytes));
    if (!isWhole) return;
    const length = this.#heldBytes;
    this.#heldBytes = 0;
    this.control(this.#held, 0, length);
  }

  #hold(chunk: Uint8Array, at: number, bytes: number): number {
    const taken = Math.min(bytes, chunk.length - at);
    this.#held.set(chunk.subarray(at, at + taken), this.#heldBytes);
    this.#heldBytes += taken;
    return taken;
  }
}
