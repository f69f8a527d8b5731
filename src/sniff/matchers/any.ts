import { MATCH, type Matcher } from '../matcher.js';

/**
 * Matches every connection, at once and without reading a byte: the last matcher, for connections that no other one wants.
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(http1(), any()));
 * ```
 */
export function any(): Matcher<'any', Readonly<Record<string, never>>> {
  return { protocol: 'any', zeroRead: true, match: () => MATCH };
}
