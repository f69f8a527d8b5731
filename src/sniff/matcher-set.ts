import { UsageError } from '../errors.js';
import type { Matcher } from './matcher.js';

/** Matchers in their order, compiled so that the first byte of a connection leaves only those that can begin with it. */
export class MatcherSet {
  /** True when some matcher may answer before any byte has come. */
  readonly zeroRead: boolean;
  /** The matcher for clients that stay silent, the soonest first. */
  readonly silent: { readonly matcher: Matcher; readonly afterMs: number } | undefined;
  readonly #byFirstByte: readonly (readonly Matcher[])[];

  constructor(readonly all: readonly Matcher[]) {
    if (all.length === 0) throw new UsageError('ERR_MUX_OPTION', 'at least one matcher is needed, for example http1()');
    if (all.some(({ protocol }) => protocol === '')) {
      throw new UsageError('ERR_MUX_OPTION', "a matcher has a name for its protocol, not ''");
    }
    this.zeroRead = all.some((matcher) => matcher.zeroRead === true);
    this.silent = all
      .flatMap((matcher) => (matcher.silentAfterMs === undefined ? [] : [{ matcher, afterMs: matcher.silentAfterMs }]))
      .sort((a, b) => a.afterMs - b.afterMs)[0];
    this.#byFirstByte = Array.from({ length: 256 }, (_, byte) =>
      all.filter(({ firstBytes }) => firstBytes === undefined || firstBytes.includes(byte)),
    );
  }

  /** Those that a connection with these first bytes may belong to, in order. */
  candidates(bytes: Uint8Array): readonly Matcher[] {
    const first = bytes[0];
    return (first === undefined ? undefined : this.#byFirstByte[first]) ?? this.all;
  }
}
