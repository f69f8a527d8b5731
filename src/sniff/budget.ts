import { UsageError } from '../errors.js';

/** Memory that undecided connections share; see `sniffBudget`. */
export interface SniffBudget {
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
  if (!Number.isInteger(maxBytes) || maxBytes < 1) {
    throw new UsageError('ERR_MUX_OPTION', `maxBytes of a budget is a whole number from 1, not ${maxBytes}`);
  }
  return { maxBytes, usedBytes: 0 };
}
