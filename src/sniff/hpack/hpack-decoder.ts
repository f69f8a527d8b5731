import { BlockReader } from './block-reader.js';
import { HeaderTable, TABLE_MAX_BYTES } from './header-table.js';
import type { HeaderField } from './static-table.js';

/** The longest header block that is decoded, in bytes: 64 KiB. */
export const BLOCK_MAX_BYTES = 64 * 1024;
// Names and values together, each time they are named: a few bytes of block can name one large entry again and again.
const DECODED_MAX_BYTES = 64 * 1024;
const MAX_FIELDS = 128;

/**
 * Decodes HPACK header blocks (RFC 7541), one after another of the same connection. Bounded for blocks of strangers: at
 * most 64 KiB of block, 64 KiB of names and values, and 128 fields.
 */
export class HpackDecoder {
  readonly #table = new HeaderTable();

  /**
   * The header list of a whole block, in order.
   *
   * @returns `undefined` for a malformed block and for one past a bound; the decoder is of no use after that
   */
  decode(block: Uint8Array): HeaderField[] | undefined {
    if (block.length > BLOCK_MAX_BYTES) return undefined;
    const reader = new BlockReader(block);
    const fields: HeaderField[] = [];
    let decodedBytes = 0;
    for (let first = reader.next; first !== undefined; first = reader.next) {
      if (first >= 0x20 && first < 0x40) {
        const maxBytes = reader.integer(5);
        // A new table size comes before the first field, and never exceeds what we allow (§4.2, §6.3).
        if (maxBytes === undefined || maxBytes > TABLE_MAX_BYTES || fields.length > 0) return undefined;
        this.#table.resize(maxBytes);
        continue;
      }
      const field = first >= 0x80 ? this.#indexed(reader) : this.#literal(reader, first >= 0x40);
      if (field === undefined) return undefined;
      decodedBytes += field[0].length + field[1].length;
      if (decodedBytes > DECODED_MAX_BYTES || fields.push(field) > MAX_FIELDS) return undefined;
    }
    return fields;
  }

  #indexed(reader: BlockReader): HeaderField | undefined {
    const index = reader.integer(7);
    return index === undefined ? undefined : this.#table.get(index);
  }

  #literal(reader: BlockReader, indexing: boolean): HeaderField | undefined {
    const index = reader.integer(indexing ? 6 : 4);
    if (index === undefined) return undefined;
    const name = index === 0 ? reader.string() : this.#table.get(index)?.[0];
    const value = name === undefined ? undefined : reader.string();
    if (name === undefined || value === undefined) return undefined;
    const field: HeaderField = [name, value];
    if (indexing) this.#table.add(field);
    return field;
  }
}
