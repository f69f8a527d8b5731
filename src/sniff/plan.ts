import { checkMatchers } from './combinator.js';
import { MatcherSet } from './matcher-set.js';
import { isMatcher, type Matcher } from './matcher.js';
import { sniffSettings, type SniffOptions, type SniffSettings } from './options.js';

/** What an operator was asked to do, checked and compiled once for all its subscriptions. */
export interface SniffPlan {
  readonly matchers: MatcherSet;
  readonly settings: SniffSettings;
}

/** Matchers, then perhaps options. @throws UsageError `ERR_MUX_OPTION` */
export function sniffPlan(taker: string, args: readonly (Matcher | SniffOptions)[]): SniffPlan {
  const last = args.at(-1);
  const options = isOptions(last) ? last : {};
  const matchers = last === options ? args.slice(0, -1) : args;
  checkMatchers(taker, matchers);
  return { matchers: new MatcherSet(matchers), settings: sniffSettings(options) };
}

// A matcher that was not called is a function, and no options.
const isOptions = (value: unknown): value is SniffOptions =>
  typeof value === 'object' && value !== null && !isMatcher(value);
