import { checkCombinable, traitsOf, type AsMatcher } from '../combinator.js';
import type { Matcher } from '../matcher.js';

/**
 * Matches what one of several matchers matches; the Conn gets the protocol and meta of that one. They are asked in order, and a
 * later one's yes waits while an earlier one may still match, or cannot read the part it looks for. Its use is inside `not`, `allOf` and `named`, and as one
 * route of `partitionByProtocol`; to `sniff` give the matchers themselves.
 *
 * @throws UsageError `ERR_MUX_OPTION` without a matcher, and for a `serverFirst`
 * @example
 * ```ts
 * const { web, lan } = partitionByProtocol(conns$, {
 *   web: anyOf(http1(), http2()),                                // web's conn.protocol: 'http1' | 'http2'
 *   lan: allOf(remoteIp('10.0.0.0/8'), anyOf(ssh(), redis())),   // lan's conn.protocol: 'ssh' | 'redis'
 * });
 * ```
 */
export function anyOf<const M extends readonly Matcher[]>(...matchers: M): AsMatcher<M[number]>;
export function anyOf(...matchers: readonly Matcher[]): Matcher {
  checkCombinable('anyOf', matchers);
  const beginnings = matchers.map(({ firstBytes }) => firstBytes);
  const known = beginnings.every((bytes) => bytes !== undefined);
  return {
    ...traitsOf(matchers, known ? [...new Set(beginnings.flat())] : undefined),
    protocol: matchers.map(({ protocol }) => protocol).join('|'),
    match(first) {
      const { bytes, final } = first;
      for (const matcher of matchers) {
        const verdict = matcher.match(first);
        if (typeof verdict === 'object') return { protocol: matcher.protocol, ...verdict };
        // Later matchers do not get a flight that this one has not refused. Silence passes no matcher.
        if (verdict === 'unreadable' || (verdict === 'more' && !(final && bytes.length === 0))) return verdict;
      }
      return 'no';
    },
  };
}
