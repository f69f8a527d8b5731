import { UsageError } from '../../errors.js';
import type { Matcher, Verdict } from '../matcher.js';
import { patternWays } from '../pattern-ways.js';

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

const MAX_BYTES_LIMIT = 16 * 1024;
// Ways, for each byte, in which a pattern may divide a text: one class that repeats over all bytes has one.
const MAX_WAYS = 64;
// Times each byte may be tried, on the average. The first twice as many bytes are tried one by one, later ones a few at a time.
const MAX_TRIES = 16;

interface Attempt {
  text: string;
  tried: number;
  verdict: Verdict<RegexpMeta>;
}

/**
 * Matches the first bytes, read as Latin-1 text (each byte one character), against a pattern. It says yes as soon as the
 * pattern matches, and `'no'` only at `maxBytes` or at the end, since a pattern can't tell that it never will; in `sniff` put
 * matchers that decide sooner before it.
 *
 * Anchor the pattern with `^`, and end it with something that must follow (`\r\n`, a space): a `$` or an open-ended group
 * matches any bytes that have arrived, and the network may cut them anywhere. Strangers choose the text, so a pattern that could take more than linear time is
 * refused: at most one quantifier without a bound, none without `^`, and none around another. Of bytes that trickle, all are tried up to the 32nd, then
 * some, and the last at the deadline. Flags `g` and `y` are dropped.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a value that is no RegExp, for a pattern that could take too long, and unless 1 ≤ `minBytes` ≤ `maxBytes` ≤ 16384, whole
 * numbers
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
  if (patternWays(re, maxBytes) > MAX_WAYS * maxBytes) {
    const hint =
      'begin it with ^, leave one quantifier without a bound, as in /^[A-Z]{1,16} \\S+/, and put none around another';
    throw new UsageError('ERR_MUX_OPTION', `${String(re)} could take too long on a text of ${maxBytes} bytes: ${hint}`);
  }
  const pattern = new RegExp(re.source, re.flags.replace(/[gy]/g, ''));
  const begin = (): Attempt => ({ text: '', tried: 0, verdict: 'more' });
  const verdictOn = (text: string): Verdict<RegexpMeta> => {
    const match = text.length < minBytes ? null : pattern.exec(text);
    if (match !== null) return { meta: { match: [...match] } };
    return text.length === maxBytes ? 'no' : 'more';
  };
  return {
    protocol: 'regexp',
    match(first) {
      const attempt = first.parser(begin);
      if (attempt.verdict !== 'more') return attempt.verdict;
      attempt.text += String.fromCharCode(...first.bytes.subarray(attempt.text.length, maxBytes));
      const { length } = attempt.text;
      const isLast = first.final || length === maxBytes;
      if (length > 0 && (isLast || attempt.tried + length <= MAX_TRIES * length)) {
        attempt.tried += length;
        attempt.verdict = verdictOn(attempt.text);
      }
      return attempt.verdict;
    },
  };
}
