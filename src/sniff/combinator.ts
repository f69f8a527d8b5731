import { UsageError } from '../errors.js';
import { isMatcher, type Matcher } from './matcher.js';

/** The parts that a combinator takes from its matchers besides their answers: any of them may answer early, want a prompt or refuse a flight that is too long. */
export function traitsOf(
  inner: readonly Matcher[],
  firstBytes: readonly number[] | undefined,
): Pick<Matcher, 'firstBytes' | 'zeroRead' | 'prompt' | 'tooLong'> {
  const tooLong = inner.find((matcher) => matcher.tooLong !== undefined)?.tooLong;
  const prompt = inner.find((matcher) => matcher.prompt !== undefined)?.prompt;
  return {
    zeroRead: inner.some((matcher) => matcher.zeroRead === true),
    ...(firstBytes === undefined ? {} : { firstBytes }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(tooLong === undefined ? {} : { tooLong }),
  };
}

/** Refuses what is no matcher, such as one that was not called. @throws UsageError `ERR_MUX_OPTION` */
export function checkMatchers(taker: string, inner: readonly unknown[]): asserts inner is readonly Matcher[] {
  if (inner.every(isMatcher)) return;
  throw new UsageError('ERR_MUX_OPTION', `${taker} takes matchers, for example http1()`);
}

/**
 * Refuses what can't be combined: nothing, what is no matcher, and `serverFirst`. Silence has no bytes for the other matchers to judge, so a
 * combination would be routed to unasked.
 *
 * @throws UsageError `ERR_MUX_OPTION`
 */
export function checkCombinable(combinator: string, inner: readonly Matcher[]): void {
  if (inner.length === 0) throw new UsageError('ERR_MUX_OPTION', `${combinator} needs at least one matcher`);
  checkMatchers(combinator, inner);
  const silent = inner.find((matcher) => matcher.silentAfterMs !== undefined);
  if (silent === undefined) return;
  throw new UsageError(
    'ERR_MUX_OPTION',
    `${combinator} can't hold serverFirst '${silent.protocol}': give it to sniff itself`,
  );
}

/** A matcher's type without whatever else its object can do (a codec's encoder); distributes over a union. */
export type AsMatcher<T> = T extends Matcher<infer P, infer M> ? Matcher<P, M> : never;
