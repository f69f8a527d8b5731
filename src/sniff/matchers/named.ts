import { checkMatchers, traitsOf } from '../combinator.js';
import type { Matcher } from '../matcher.js';

/**
 * The same matcher under another name, which becomes `conn.protocol` and the key of its meta. It tells two matchers of one
 * kind apart.
 *
 * @throws UsageError `ERR_MUX_OPTION` without a matcher
 * @example
 * ```ts
 * conns$.pipe(sniff(named('api', http1Host('api.example.com')), named('shop', http1Host('shop.example.com'))));
 * ```
 */
export function named<const P extends string, T extends Matcher>(
  protocol: P,
  matcher: T,
): Matcher<P, T extends Matcher<string, infer M> ? M : never>;
export function named(protocol: string, matcher: Matcher): Matcher {
  checkMatchers('named', [matcher]);
  const { silentAfterMs } = matcher;
  return {
    ...traitsOf([matcher], matcher.firstBytes),
    ...(silentAfterMs === undefined ? {} : { silentAfterMs }),
    protocol,
    match(first) {
      const verdict = matcher.match(first);
      return typeof verdict === 'object' ? { meta: verdict.meta } : verdict;
    },
  };
}
