import { asapScheduler } from 'rxjs';
import type { Reading } from '../conn/reading.js';
import { MuxError } from '../errors.js';
import type { Decoder } from '../wire/codec.js';
import type { HoldReason } from './core.js';
import type { Writer } from './writer.js';

/** The session whose bytes come in. */
export interface InflowOwner {
  /** True once all further bytes are ignored. */
  readonly isOver: boolean;
  /** The bytes are no frame. */
  onFault(error: MuxError): void;
  /** The peer's FIN, after all decoded bytes. */
  complete(): void;
  /** The decoder may be in the middle of a frame. */
  onWatch(): void;
}

/** The way from the connection into the decoder, and the reasons for which both wait. */
export class Inflow {
  readonly #holds = new Set<HoldReason>();
  readonly #decoder: Decoder;
  readonly #reading: Reading;
  readonly #writer: Writer;
  readonly #owner: InflowOwner;
  // The peer's FIN came behind bytes that are not decoded yet.
  #isEndDue = false;

  constructor(decoder: Decoder, reading: Reading, writer: Writer, owner: InflowOwner) {
    this.#decoder = decoder;
    this.#reading = reading;
    this.#writer = writer;
    this.#owner = owner;
  }

  /** Reads on, whatever the holds: they are over with their session. */
  start(): void {
    this.#reading.resume();
  }

  push(chunk: Uint8Array): void {
    this.#decode(chunk);
    this.drop(chunk);
    if (this.isMidHeader) this.#owner.onWatch();
  }

  drop(chunk: Uint8Array): void {
    this.#reading.consumed(chunk.length);
  }

  /** True for a FIN that has to wait for bytes before it: `complete` comes again behind them. */
  delaysEnd(): boolean {
    return (this.#isEndDue = this.#isPaused);
  }

  // A part of a chunk is kept that is not decoded yet.
  get #isPaused(): boolean {
    return this.#decoder.isPaused;
  }

  // Silence within data is left to the heartbeat: a receiver of bulk is nearly always there.
  get isMidHeader(): boolean {
    return this.#decoder.isMidFrame && !this.#decoder.isMidData;
  }

  get isHolding(): boolean {
    return this.#holds.size > 0;
  }

  hold(reason: HoldReason, isHeld: boolean): void {
    if (isHeld) this.#holds.add(reason);
    else this.#holds.delete(reason);
    // While answers cannot be sent, the chunk is decoded to its end, which bounds the answers.
    if (isHeld && reason !== 'congested') this.#decoder.pause();
    if (this.isHolding) this.#reading.pause();
    // In a turn of its own: a hold ends within a call of the program, and its next bytes must not come within that call.
    else if (this.#isPaused) asapScheduler.schedule(() => this.#goOn());
    else this.#reading.resume();
  }

  #goOn(): void {
    if (this.isHolding || this.#owner.isOver || !this.#isPaused) return;
    this.#decode();
    this.#decoded();
  }

  // The kept bytes may have caused the next hold.
  #decoded(): void {
    if (this.#isPaused) return;
    if (this.#isEndDue) this.#owner.complete();
    else this.#reading.resume();
  }

  // Without a chunk: the kept rest of the last one.
  #decode(chunk?: Uint8Array): void {
    this.#writer.hold();
    try {
      if (chunk === undefined) this.#decoder.resume();
      else this.#decoder.push(chunk);
    } catch (error) {
      this.#owner.onFault(MuxError.from(error));
    }
    this.#writer.release();
  }
}
