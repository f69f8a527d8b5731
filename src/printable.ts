/** Longer text is cut here. A GoAway may bring 1024 bytes of it. */
const MAX_LENGTH = 2048;
// Control and format characters (bidi controls and zero-width ones among them), lone surrogates, unassigned code points, line separators, and all
// that fonts do not show.
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Untrusted text, made safe for a terminal and a log line: characters that are invisible or move other text are escaped. At most 2048 characters. */
export function printable(text: string): string {
  const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
  return short.replace(HIDDEN, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
