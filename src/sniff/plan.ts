import { UsageError } from '../errors.js';
import { MatcherSet } from './matcher-set.js';
import type { Matcher } from './matcher.js';
import { sniffSettings, type SniffOptions, type SniffSettings } from './options.js';

/** What an operator was asked to do, checked and compiled once for all its subscriptions. */
export interface SniffPlan {
  readonly matchers: MatcherSet;
  readonly settings: SniffSettings;
}

const isMatcher = (value: Matcher | SniffOptions): value is Matcher =>
  typeof (value as Partial<Matcher>).match === 'function';

/** Matchers, then perhaps options. @throws UsageError `ERR_MUX_OPTION` */
export function sniffPlan(args: readonly (Matcher | SniffOptions)[]): SniffPlan {
  const last = args.at(-1);
  const options = last === undefined || isMatcher(last) ? {} : last;
  const matchers = last === options ? args.slice(0, -1) : args;
  if (!matchers.every(isMatcher)) {
    throw new UsageError('ERR_MUX_OPTION', 'every argument but the last must be a matcher, for example http1()');
  }
  return { matchers: new MatcherSet(matchers), settings: sniffSettings(options) };
}
