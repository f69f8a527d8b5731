import { UsageError } from '../errors.js';

/**
 * Checks a number that a user has to give.
 * @throws UsageError `ERR_MUX_OPTION` when it is no whole number or out of range
 */
export function requireWholeNumber(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new UsageError('ERR_MUX_OPTION', `${name} is a whole number ${range}, not ${value}`);
}

/** The same of a number that may be left out. */
export function checkWholeNumber(name: string, value: number | undefined, min: number, max?: number): void {
  if (value !== undefined) requireWholeNumber(name, value, min, max);
}
