const MAX_REMOVED = 1024;

/**
 * A Map whose entries come and go for as long as the program runs, in the order in which they came.
 *
 * V8 gives a Map that has had as many entries as its table has room for another table, and for iterators' sake the old one refers to it.
 * Once a table is in the old generation, where every full garbage collection takes it, it counts as alive until the next one even when
 * nobody has it, and with it all tables that follow, and all that ever was in them when they were left: objects of microseconds then
 * survive, and are copied twice. 64 entries at a time, that come and go, took 3.5 to 5 times as long after a full collection.
 * So there is a new Map after so many have gone, which no table refers to.
 */
export class PassingMap<K, V> {
  #map = new Map<K, V>();
  #removed = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): void {
    // As many as there are: so each is copied once on the average, or less.
    if (this.#removed >= MAX_REMOVED && this.#removed >= this.#map.size) {
      this.#map = new Map(this.#map);
      this.#removed = 0;
    }
    this.#map.set(key, value);
  }

  /** True when there was one. */
  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false;
    this.#removed++;
    return true;
  }

  /** The values as they are now; of those that come or go meanwhile some may be missing, or still there. */
  values(): IterableIterator<V> {
    return this.#map.values();
  }
}
