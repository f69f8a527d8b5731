/** Holds bytes of a budget that many share. */
export interface Holder {
  /** Bytes that it holds. */
  readonly heldBytes: number;
}

/** The holder with the most bytes, the first of equals; undefined where none holds any. */
export function largestHolder<H extends Holder>(holders: Iterable<H>): H | undefined {
  let largest: H | undefined;
  for (const holder of holders) if (holder.heldBytes > (largest?.heldBytes ?? 0)) largest = holder;
  return largest;
}
