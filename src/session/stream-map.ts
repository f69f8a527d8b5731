import type { MuxStream } from './mux-stream.js';

const MIN_SLOTS = 16;
// Ids that differ only below this bit are not mixed: given out in order, they fill neighbouring slots.
const LOW_BITS = 10;
// Of a product the high bits depend on all bits of its factors. 17 of them are enough for 131,072 slots.
const MIXED_BITS = 15;

const randomOdd = (): number => (Math.random() * 2 ** 32) | 1;

/**
 * Streams by their ids: a hash table whose chains run through the streams. Either side gives out ids in order, so a slot holds one
 * stream as a rule. The high bits of an id are mixed by two random odd factors. A peer that does not know them cannot pick ids that
 * share a slot.
 *
 * A Map does the same at some 250 bytes a stream, for tables that fill up with what was deleted and are copied: with 10,000 streams
 * that come and go the eighth part of all that was allocated (decision 50). Here a stream costs two slots, up to eight where many
 * have gone.
 */
export class StreamMap {
  /** Streams that are here. */
  size = 0;
  #slots = new Array<MuxStream | undefined>(MIN_SLOTS);
  readonly #first = randomOdd();
  readonly #second = randomOdd();

  get(id: number): MuxStream | undefined {
    let stream = this.#slots[this.#slotOf(id)];
    while (stream !== undefined && stream.streamId !== id) stream = stream.nextInSlot;
    return stream;
  }

  /** Adds a stream, whose id no other has. */
  add(stream: MuxStream): void {
    if (++this.size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#link(stream);
  }

  /** True when it was here. */
  delete(stream: MuxStream): boolean {
    const slots = this.#slots;
    const at = this.#slotOf(stream.streamId);
    let before: MuxStream | undefined;
    let found = slots[at];
    while (found !== undefined && found !== stream) {
      before = found;
      found = found.nextInSlot;
    }
    if (found === undefined) return false;
    if (before === undefined) slots[at] = stream.nextInSlot;
    else before.nextInSlot = stream.nextInSlot;
    // A stream that the program keeps must not keep others.
    stream.nextInSlot = undefined;
    this.size--;
    if (this.size * 8 < slots.length && slots.length > MIN_SLOTS) this.#resize(slots.length / 2);
    return true;
  }

  /** Goes through them, in no order, while none comes or goes. */
  *[Symbol.iterator](): Generator<MuxStream> {
    for (let stream of this.#slots) for (; stream !== undefined; stream = stream.nextInSlot) yield stream;
  }

  /** All of them as they are now, the oldest first. Do not call it for frames of a peer: 65,000 streams take 100 ms to sort. */
  values(): MuxStream[] {
    return [...this].sort((a, b) => a.id - b.id);
  }

  #slotOf(id: number): number {
    const once = Math.imul(id >>> LOW_BITS, this.#first);
    const twice = Math.imul(once ^ (once >>> MIXED_BITS), this.#second);
    return (id ^ (twice >>> MIXED_BITS)) & (this.#slots.length - 1);
  }

  #link(stream: MuxStream): void {
    const at = this.#slotOf(stream.streamId);
    stream.nextInSlot = this.#slots[at];
    this.#slots[at] = stream;
  }

  // Twice to eight times as many slots as streams: nothing is moved to and fro.
  #resize(slots: number): void {
    const old = this.#slots;
    this.#slots = new Array<MuxStream | undefined>(slots);
    for (let stream of old) {
      while (stream !== undefined) {
        const next: MuxStream | undefined = stream.nextInSlot;
        this.#link(stream);
        stream = next;
      }
    }
  }
}
