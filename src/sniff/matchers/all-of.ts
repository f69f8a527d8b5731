import { checkCombinable, traitsOf, type AsMatcher } from '../combinator.js';
import type { Matcher, Verdict } from '../matcher.js';

/**
 * Matches what every one of several matchers matches; the Conn gets the protocol and meta of the last one. The first `'no'`
 * settles it.
 *
 * @throws UsageError `ERR_MUX_OPTION` without a matcher, and for a `serverFirst`
 * @example
 * ```ts
 * conns$.pipe(sniff(allOf(remoteIp('10.0.0.0/8'), ssh()), http1()));   // ssh from the private network only
 * ```
 */
export function allOf<const M extends readonly Matcher[]>(
  ...matchers: M
): AsMatcher<M extends readonly [...unknown[], infer Last] ? Last : M[number]>;
export function allOf(...matchers: readonly Matcher[]): Matcher {
  checkCombinable('allOf', matchers);
  const beginnings = matchers.flatMap(({ firstBytes }) => (firstBytes === undefined ? [] : [firstBytes]));
  return {
    ...traitsOf(
      matchers,
      beginnings.at(0)?.filter((byte) => beginnings.every((bytes) => bytes.includes(byte))),
    ),
    protocol: matchers.at(-1)?.protocol ?? '',
    match(first) {
      let whole: Verdict<unknown> = 'more';
      let waiting: 'more' | 'unreadable' | undefined;
      for (const matcher of matchers) {
        whole = matcher.match(first);
        if (whole === 'no') return 'no';
        if (whole === 'unreadable' || (whole === 'more' && waiting === undefined)) waiting = whole;
      }
      return waiting ?? whole;
    },
  };
}
