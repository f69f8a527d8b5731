import { STATIC_TABLE, type HeaderField } from './static-table.js';

/** Bytes the dynamic table may hold: the default, which a client must keep to until it is told otherwise (RFC 9113 §6.5.2). */
export const TABLE_MAX_BYTES = 4096;

// What an entry counts beyond its octets (RFC 7541 §4.1).
const ENTRY_OVERHEAD = 32;

const bytesOf = ([name, value]: HeaderField): number => name.length + value.length + ENTRY_OVERHEAD;

/** The static and the dynamic table of one decoder in their common index space (RFC 7541 §2.3.3). */
export class HeaderTable {
  // The newest first, which is the order of the indexes.
  readonly #dynamic: HeaderField[] = [];
  #bytes = 0;
  #maxBytes = TABLE_MAX_BYTES;

  /** The entry at an index from 1; `undefined` where there is none. */
  get(index: number): HeaderField | undefined {
    return STATIC_TABLE[index - 1] ?? this.#dynamic[index - 1 - STATIC_TABLE.length];
  }

  /** Adds an entry. One that is larger than the table empties it, and is no error (RFC 7541 §4.4). */
  add(field: HeaderField): void {
    const bytes = bytesOf(field);
    this.#evict(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    this.#dynamic.unshift(field);
    this.#bytes += bytes;
  }

  /** Changes the bound of the dynamic table, in bytes. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict(maxBytes);
  }

  #evict(maxBytes: number): void {
    while (this.#bytes > maxBytes) {
      const oldest = this.#dynamic.pop();
      if (oldest === undefined) return;
      this.#bytes -= bytesOf(oldest);
    }
  }
}
