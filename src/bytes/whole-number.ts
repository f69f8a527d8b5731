import { UsageError } from '../errors.js';

/**
 * Checks a number that a user gave; one that was left out is fine.
 * @throws UsageError `ERR_MUX_OPTION` when it is no whole number or out of range
 */
export function checkWholeNumber(
  name: string,
  value: number | undefined,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new UsageError('ERR_MUX_OPTION', `${name} is a whole number ${range}, not ${value}`);
}
