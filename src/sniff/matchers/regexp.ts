import { UsageError } from '../../errors.js';
import type { Matcher, Verdict } from '../matcher.js';

/** How many bytes {@link regexp} looks at. */
export interface RegexpOptions {
  /** Bytes to wait for before the first try. @defaultValue 1 */
  readonly minBytes?: number;
  /** Bytes after which no match is `'no'`; `minBytes` to 16384. @defaultValue 1024 */
  readonly maxBytes?: number;
}

/** What {@link regexp} tells. */
export interface RegexpMeta {
  /** The matched text, then the text of each group; `undefined` for a group that took no part. */
  readonly match: readonly (string | undefined)[];
}

// The pattern is tried once per chunk, so one-byte chunks cost the square of this.
const MAX_BYTES_LIMIT = 16 * 1024;

interface Attempt {
  text: string;
  verdict: Verdict<RegexpMeta>;
}

/**
 * Matches the first bytes, read as Latin-1 text (each byte one character), against a pattern. It says yes as soon as the
 * pattern matches, and `'no'` only at `maxBytes` or at the end, since a pattern can't tell that it never will; in `sniff` put
 * matchers that decide sooner before it.
 *
 * Anchor the pattern with `^`, and end it with something that must follow (`\r\n`, a space): a `$` or an open-ended group
 * matches whatever has arrived, which the network cuts as it likes. The pattern must not backtrack without bound (`(a+)+`), for
 * strangers choose the text. Flags `g` and `y` are dropped.
 *
 * @throws UsageError `ERR_MUX_OPTION` for what is no RegExp, and unless 1 ≤ `minBytes` ≤ `maxBytes` ≤ 16384, whole numbers
 * @example
 * ```ts
 * conns$.pipe(sniff(http1(), named('smtp', regexp(/^(?:EHLO|HELO) \S+\r\n/i, { maxBytes: 512 }))));
 * ```
 */
export function regexp(
  re: RegExp,
  { minBytes = 1, maxBytes = 1024 }: RegexpOptions = {},
): Matcher<'regexp', RegexpMeta> {
  if (!(re instanceof RegExp)) throw new UsageError('ERR_MUX_OPTION', 'regexp takes a RegExp: regexp(/^HELO /)');
  const ordered = 1 <= minBytes && minBytes <= maxBytes && maxBytes <= MAX_BYTES_LIMIT;
  if (!ordered || !Number.isInteger(minBytes) || !Number.isInteger(maxBytes)) {
    const text = `regexp needs 1 <= minBytes <= maxBytes <= ${MAX_BYTES_LIMIT}, not ${minBytes} and ${maxBytes}`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  const pattern = new RegExp(re.source, re.flags.replace(/[gy]/g, ''));
  const begin = (): Attempt => ({ text: '', verdict: 'more' });
  const verdictOn = (text: string): Verdict<RegexpMeta> => {
    const match = text.length < minBytes ? null : pattern.exec(text);
    if (match !== null) return { meta: { match: [...match] } };
    return text.length === maxBytes ? 'no' : 'more';
  };
  return {
    protocol: 'regexp',
    match(first) {
      const attempt = first.parser(begin);
      const fresh = first.bytes.subarray(attempt.text.length, maxBytes);
      if (attempt.verdict === 'more' && fresh.length > 0) {
        attempt.text += String.fromCharCode(...fresh);
        attempt.verdict = verdictOn(attempt.text);
      }
      return attempt.verdict === 'more' && first.final ? 'no' : attempt.verdict;
    },
  };
}
