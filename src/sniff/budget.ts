import { largestHolder, type Holder } from '../bytes/largest-holder.js';
import { requireWholeNumber } from '../bytes/whole-number.js';

/** Memory that undecided connections share; see `sniffBudget`. */
export interface SniffBudget {
  /** The bound in bytes, 1 or more. */
  readonly maxBytes: number;
  /** Bytes held now. */
  readonly usedBytes: number;
}

/** A connection that holds bytes of the budget. */
export interface Undecided extends Holder {
  /** Is decided on what it has, or turned away, and so holds nothing any more. */
  makeRoom(): void;
}

/** The budget itself. */
export class SharedSniffBudget implements SniffBudget {
  readonly maxBytes: number;
  usedBytes = 0;
  readonly #holders = new Set<Undecided>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** A connection holds so many bytes more. Past the bound the one that holds the most makes room, the oldest of those that hold as much. */
  take(bytes: number, holder: Undecided): void {
    this.usedBytes += bytes;
    this.#holders.add(holder);
    while (this.usedBytes > this.maxBytes) (largestHolder(this.#holders) as Undecided).makeRoom();
  }

  /** A connection holds nothing any more. */
  giveBack(bytes: number, holder: Undecided): void {
    this.usedBytes -= bytes;
    this.#holders.delete(holder);
  }
}

/**
 * Makes a bound on the bytes held for all undecided connections of the sniffers that share it. Past it the connection that holds the most
 * is decided at once on what it has sent, or turned away as `'overflow'`.
 *
 * @param options - `maxBytes`: the bound in bytes; the process's own budget is 64 MiB
 * @throws UsageError `ERR_MUX_OPTION` for a bound that is no positive whole number
 */
export function sniffBudget({ maxBytes }: { readonly maxBytes: number }): SniffBudget {
  requireWholeNumber('maxBytes of a budget', maxBytes, 1);
  return new SharedSniffBudget(maxBytes);
}
