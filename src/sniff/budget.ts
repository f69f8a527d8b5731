import { requireWholeNumber } from '../bytes/whole-number.js';

/** Memory that undecided connections share; see `sniffBudget`. */
export interface SniffBudget {
  /** The bound in bytes, 1 or more. */
  readonly maxBytes: number;
  /** Bytes held now. */
  usedBytes: number;
}

/**
 * Makes a bound on the bytes held for all undecided connections of the sniffers that share it. A connection that would go
 * past it is decided at once on what it has sent, or turned away as `'overflow'`.
 *
 * @param options - `maxBytes`: the bound in bytes; the process's own budget is 64 MiB
 * @throws UsageError `ERR_MUX_OPTION` for a bound that is no positive whole number
 */
export function sniffBudget({ maxBytes }: { readonly maxBytes: number }): SniffBudget {
  requireWholeNumber('maxBytes of a budget', maxBytes, 1);
  return { maxBytes, usedBytes: 0 };
}
