import type { Duplex } from 'node:stream';
import type { InboundFilter, PeekHandler, Peeking } from '../conn/reading.js';
import { failureOf } from './failure.js';

// Node says that the end has arrived, before 'end', only here; every maintained release has it.
type WithState = Duplex & { readonly _readableState: { readonly ended: boolean } };

const NOTHING = new Uint8Array(0);

/** Who is told to filter what comes after the peek. */
interface Relaying {
  relay(filter: InboundFilter): void;
}

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
  readonly #duplex: WithState;
  readonly #handler: PeekHandler;
  readonly #owner: Relaying;

  constructor(duplex: Duplex, handler: PeekHandler, owner: Relaying) {
    this.#owner = owner;
    this.#duplex = duplex as WithState;
    this.#handler = handler;
    duplex.on('readable', this.#onReadable).on('close', this.#onClose);
    // A stream that is over already will say neither again.
    if (duplex.closed) queueMicrotask(this.#onClose);
    else if (this.#duplex._readableState.ended && duplex.readableLength === 0) queueMicrotask(this.#onReadable);
  }

  release(replay: Uint8Array, filter?: InboundFilter): void {
    this.#stop();
    if (replay.length > 0 && !this.#duplex.destroyed) this.#duplex.unshift(replay);
    if (filter !== undefined) this.#owner.relay(filter);
  }

  #stop(): void {
    // The last added goes first: so the emitter's table of listeners keeps its shape, which is what makes it fast.
    this.#duplex.off('close', this.#onClose).off('readable', this.#onReadable);
  }

  readonly #onReadable = (): void => {
    const duplex = this.#duplex;
    const length = duplex.readableLength;
    const { ended } = duplex._readableState;
    if (length > 0) this.#handler.bytes(duplex.read(length) as Uint8Array, ended);
    else if (ended) this.#handler.bytes(NOTHING, true);
  };

  readonly #onClose = (): void => {
    this.#stop();
    const { errored } = this.#duplex;
    this.#handler.closed(errored === null ? undefined : failureOf(errored));
  };
}
