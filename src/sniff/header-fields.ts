/**
 * Header fields in the order they were sent, looked up by name in any case.
 *
 * @example
 * ```ts
 * const fields = new HeaderFields([['Host', 'example.com'], ['Accept', 'text/html, text/plain']]);
 * fields.get('host');       // 'example.com'
 * fields.list('accept');    // ['text/html', 'text/plain']
 * ```
 */
export class HeaderFields implements Iterable<readonly [name: string, value: string]> {
  readonly #lines: readonly (readonly [name: string, value: string])[];

  constructor(lines: readonly (readonly [name: string, value: string])[]) {
    this.#lines = lines;
  }

  /** The values of all lines with this name, one for each line. */
  values(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#lines.filter(([sent]) => sent.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** The value, several lines joined by a comma, which is what they mean (RFC 9110 §5.2); `undefined` without any. */
  get(name: string): string | undefined {
    const values = this.values(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /** The elements of a comma-separated field, over all its lines. */
  list(name: string): string[] {
    return this.values(name).flatMap(listElements);
  }

  /** Names and values as they were sent. */
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#lines.values();
  }
}

/** The elements of a comma-separated value without the empty ones (RFC 9110 §5.6.1). A comma in quotes splits too. */
export function listElements(value: string): string[] {
  return value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}
