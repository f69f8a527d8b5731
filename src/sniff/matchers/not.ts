import { checkCombinable, traitsOf } from '../combinator.js';
import { MATCH, type Matcher } from '../matcher.js';

/** The name of a negation; plain `string` where the name negated is one of several (`anyOf`). */
export type Negated<P extends string, Each = P> = Each extends string
  ? [P] extends [Each]
    ? `not-${P}`
    : string
  : never;

/**
 * Matches what `matcher` refuses, as soon as it refuses it. Bytes that stop short of an answer are not refused, so a client that waits, or
 * stays silent, until the deadline does not match. Nor does a flight that `matcher` could not read (`'unreadable'`).
 *
 * @throws UsageError `ERR_MUX_OPTION` without a matcher, and for a `serverFirst`
 * @example
 * ```ts
 * conns$.pipe(sniff(http1(), not(ssh())));   // anything but SSH
 * ```
 */
export function not<P extends string>(matcher: Matcher<P>): Matcher<Negated<P>, Readonly<Record<string, never>>>;
export function not(matcher: Matcher): Matcher<string, Readonly<Record<string, never>>> {
  checkCombinable('not', [matcher]);
  return {
    // Its flights are all but the inner one's, which may begin with any byte too.
    ...traitsOf([matcher], undefined),
    protocol: `not-${matcher.protocol}`,
    match(first) {
      const verdict = matcher.match(first);
      if (verdict === 'no') return MATCH;
      return typeof verdict === 'object' ? 'no' : verdict;
    },
  };
}
