const QUANTIFIER = /\*|\+|\?|\{(\d+)(,(\d*))?\}/y;
const GROUP = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[\w-]*:))?/y;
// An escape is one character of any length, and the braces of `\p{…}` do not repeat it.
const ATOM = /\\(?:[pPu]\{[^}]*\}|k<[^>]*>|.)|[^]/y;
const MANY = Number.MAX_SAFE_INTEGER;

/**
 * The most ways in which a pattern can divide a text of `length` characters. A RegExp that backtracks may try them all before it fails, for each
 * place where it may begin. Two quantifiers in a row multiply, one around another is a power: `(a+)+` gives `Infinity`.
 */
export function patternWays({ source, multiline, flags }: RegExp, length: number): number {
  const reader = new PatternReader(source, length, flags.includes('v'));
  const ways = reader.alternatives();
  return reader.isAnchored && !multiline ? ways : ways * length;
}

class PatternReader {
  /** Every alternative outside of groups begins with `^`. */
  isAnchored = true;
  readonly #source: string;
  readonly #length: number;
  // With the flag `v` classes may contain classes.
  readonly #nestsClasses: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, length: number, nestsClasses: boolean) {
    this.#source = source;
    this.#length = length;
    this.#nestsClasses = nestsClasses;
  }

  /** Up to the end of a group, or of the pattern. */
  alternatives(): number {
    let ways = this.#sequence();
    while (this.#take(/\|/y) !== null) ways += this.#sequence();
    return ways;
  }

  #sequence(): number {
    if (this.#depth === 0 && this.#source[this.#at] !== '^') this.isAnchored = false;
    let ways = 1;
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source.charAt(this.#at))) {
      const once = this.#atom();
      ways *= repeated(once, this.#quantifier());
    }
    return ways;
  }

  #atom(): number {
    if (this.#take(GROUP) !== null) {
      this.#depth++;
      const ways = this.alternatives();
      this.#depth--;
      this.#at++;
      return ways;
    }
    if (this.#source[this.#at] === '[') this.#skipClass();
    else this.#take(ATOM);
    return 1;
  }

  #skipClass(): void {
    let depth = 0;
    do {
      const [atom] = this.#take(ATOM) ?? [];
      if (atom === '[') depth += depth === 0 || this.#nestsClasses ? 1 : 0;
      else if (atom === ']') depth--;
    } while (depth > 0 && this.#at < this.#source.length);
  }

  #quantifier(): readonly [min: number, max: number] {
    const [sign, min, comma, max] = this.#take(QUANTIFIER) ?? [];
    if (sign === undefined) return [1, 1];
    this.#take(/\?/y);
    if (sign === '?') return [0, 1];
    if (min === undefined) return [sign === '*' ? 0 : 1, this.#length];
    if (comma === undefined) return [Number(min), Number(min)];
    return [Number(min), max === undefined || max === '' ? this.#length : Number(max)];
  }

  #take(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at;
    const found = what.exec(this.#source);
    if (found !== null) this.#at = what.lastIndex;
    return found;
  }
}

function repeated(once: number, [min, max]: readonly [number, number]): number {
  if (once === 1) return Math.max(1, max - min + 1);
  let ways = 0;
  for (let times = min; times <= max && ways < MANY; times++) ways += once ** times;
  return ways < MANY ? ways : Infinity;
}
