/** Handles a writer that throws. */
interface Owner {
  onThrown(error: unknown): void;
}

/** Writers that wait until their stream takes more, or is over. */
export class WaitingWriters {
  readonly #callbacks: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#callbacks.length === 0;
  }

  /** Adds a writer, and returns a function that removes it. */
  add(callback: () => void): () => void {
    this.#callbacks.push(callback);
    return () => {
      const at = this.#callbacks.indexOf(callback);
      if (at >= 0) this.#callbacks.splice(at, 1);
    };
  }

  /** Calls all of them back. A listener of 'drain' that throws must not take the session along. */
  wake(owner: Owner): void {
    for (const callback of this.#callbacks.splice(0)) {
      try {
        callback();
      } catch (error) {
        owner.onThrown(error);
      }
    }
  }
}
