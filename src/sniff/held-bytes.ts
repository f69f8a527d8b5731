import { unpinned } from '../bytes/unpinned.js';
import type { Endpoints, FirstBytes } from './matcher.js';

const NONE = new Uint8Array(0);

// A chain: an array would take room for many where most connections have one.
interface KeptParser {
  readonly create: () => unknown;
  readonly parser: unknown;
  readonly next: KeptParser | undefined;
}

/**
 * The bytes of one connection that is still undecided, kept in one piece. The first chunk is held as it came (most
 * connections decide on it); later ones are copied into a buffer that doubles, so trickled bytes cost linear time.
 */
export class HeldBytes implements FirstBytes {
  /** Everything received. */
  all: Uint8Array = NONE;
  /** What matchers may see of it. */
  bytes: Uint8Array = NONE;
  final = false;
  #room: Uint8Array | undefined;
  #parsers: KeptParser | undefined;

  constructor(
    readonly conn: Endpoints,
    readonly maxBytes = Infinity,
  ) {}

  append(chunk: Uint8Array): void {
    const before = this.all.length;
    const length = before + chunk.length;
    if (before === 0) {
      this.all = chunk;
    } else {
      if (this.#room === undefined || this.#room.length < length) {
        const room = new Uint8Array(Math.max(256, 2 * length));
        room.set(this.all);
        this.#room = room;
      }
      this.#room.set(chunk, before);
      this.all = this.#room.subarray(0, length);
    }
    this.#show();
  }

  /** The bytes have to wait for more: they do not keep the chunk that they came in. */
  keep(): void {
    if (this.#room !== undefined) return;
    this.all = unpinned(this.all);
    this.#show();
  }

  /** The connection was handed on, or turned away: its bytes are no longer needed here. */
  clear(): void {
    this.all = this.bytes = NONE;
    this.#room = this.#parsers = undefined;
  }

  // How much of a flight a matcher sees must not depend on how the network cut it.
  #show(): void {
    this.bytes = this.all.length > this.maxBytes ? this.all.subarray(0, this.maxBytes) : this.all;
  }

  parser<T>(create: () => T): T {
    for (let kept = this.#parsers; kept !== undefined; kept = kept.next) {
      if (kept.create === create) return kept.parser as T;
    }
    const parser = create();
    this.#parsers = { create, parser, next: this.#parsers };
    return parser;
  }
}
