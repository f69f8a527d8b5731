import type { Subscriber } from 'rxjs';
import type { Decoder, FrameSink } from '../wire/codec.js';
import { FrameTap } from '../wire/frame-tap.js';
import type { Frame } from '../wire/frame.js';

/** Those who watch the inbound frames. Without any, no frame becomes an object. */
export class Taps {
  readonly #decoder: Decoder;
  readonly #to: FrameSink;
  readonly #subscribers = new Set<Subscriber<Frame>>();
  // One for all: a tap that adds another and then ends the session must not leave the rest of its frame to be told.
  readonly #tap: FrameTap;
  #hasEnded = false;

  constructor(decoder: Decoder, to: FrameSink) {
    this.#decoder = decoder;
    this.#to = to;
    this.#tap = new FrameTap((frame) => {
      for (const tap of this.#subscribers) tap.next(frame);
    }, to);
  }

  add(subscriber: Subscriber<Frame>): void {
    if (this.#hasEnded) {
      subscriber.complete();
      return;
    }
    this.#subscribers.add(subscriber);
    subscriber.add(() => {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0 && !this.#hasEnded) this.#decoder.sink = this.#to;
    });
    this.#decoder.sink = this.#tap;
  }

  /** The session is over: later frames, even in the same chunk, are ignored. */
  end(): void {
    this.#hasEnded = true;
    this.#tap.cut();
    this.#decoder.sink = new FrameTap(() => undefined);
    for (const subscriber of [...this.#subscribers]) subscriber.complete();
  }
}
