import type { Duplex } from 'node:stream';
import type { Freed, InboundFilter, PeekHandler, Peeking } from '../conn/reading.js';
import { hasEnded } from './end-of-stream.js';
import { failureOf } from './failure.js';
import type { PeekOwner } from './peek-owner.js';

const NOTHING = new Uint8Array(0);

/**
 * Looks at the first bytes of a Duplex and puts them back.
 *
 *     'readable' -> read all there is -> handler -> undecided: keep the bytes, touch nothing until the next 'readable'
 *                                                -> decided:   unshift once, in this very tick
 *
 * Putting back while undecided would make 'readable' fire without end. Reading exactly `readableLength` never runs into
 * the end, so 'end' is not emitted while bytes are out, and they can always be put back.
 */
export class DuplexPeek implements Peeking {
  readonly #duplex: Duplex;
  readonly #handler: PeekHandler;
  readonly #owner: PeekOwner;
  #over = false;

  constructor(duplex: Duplex, handler: PeekHandler, owner: PeekOwner) {
    this.#owner = owner;
    this.#duplex = duplex;
    this.#handler = handler;
    duplex.on('readable', this.#onReadable).on('close', this.#onClose);
    // A stream that is over already will say neither again.
    if (duplex.closed) queueMicrotask(this.#onClose);
    else if (hasEnded(duplex)) queueMicrotask(this.#onReadable);
  }

  release(replay: Uint8Array, onFree: Freed, filter?: InboundFilter): void {
    this.drop();
    if (filter !== undefined) this.#owner.relay(filter, replay);
    else if (replay.length > 0 && !this.#duplex.destroyed) this.#duplex.unshift(replay);
    onFree.freed();
  }

  drop(): void {
    this.#over = true;
    // The last added goes first: so the emitter's table of listeners keeps its shape, which is what makes it fast.
    this.#duplex.off('close', this.#onClose).off('readable', this.#onReadable);
  }

  readonly #onReadable = (): void => {
    if (this.#over) return;
    const duplex = this.#duplex;
    const length = duplex.readableLength;
    const ended = hasEnded(duplex);
    if (length > 0) this.#handler.bytes(duplex.read(length) as Uint8Array, ended);
    else if (ended) this.#handler.bytes(NOTHING, true);
    this.#owner.keepAddresses();
  };

  readonly #onClose = (): void => {
    if (this.#over) return;
    this.drop();
    const { errored } = this.#duplex;
    this.#handler.closed(errored === null ? undefined : failureOf(errored));
  };
}
