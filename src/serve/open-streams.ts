import type { Duplex } from 'node:stream';

const FIRST_SWEEP = 64;

interface Entry {
  readonly stream: Duplex;
  readonly owner: object;
}

/**
 * The streams that were handed over and are not closed yet, kept without a listener on any of them: the closed ones are swept
 * out when the list has doubled, so at most as many of them are kept as are open, or 64.
 */
export class OpenStreams {
  #entries: Entry[] = [];
  #sweepAt = FIRST_SWEEP;

  add(stream: Duplex, owner: object): void {
    if (this.#entries.length >= this.#sweepAt) {
      this.#sweep();
      this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#entries.length);
    }
    this.#entries.push({ stream, owner });
  }

  /** Those of one owner, or all. */
  of(owner?: object): readonly Duplex[] {
    this.#sweep();
    const entries = owner === undefined ? this.#entries : this.#entries.filter((entry) => entry.owner === owner);
    return entries.map(({ stream }) => stream);
  }

  #sweep(): void {
    this.#entries = this.#entries.filter(({ stream }) => !stream.closed);
  }
}

/** Resolves once all of them are closed. */
export async function allClosed(streams: readonly Duplex[]): Promise<void> {
  const open = streams.filter((stream) => !stream.closed);
  await Promise.all(open.map((stream) => new Promise((resolve) => stream.once('close', resolve))));
}
