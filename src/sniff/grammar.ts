import type { FirstBytes, Match, Verdict } from './matcher.js';

/**
 * A flight's grammar as a generator: `yield` waits for the next byte, returning decides. It can neither read past what has
 * arrived nor look at a byte twice, so it is linear however the bytes are cut.
 */
export type Grammar<M> = Generator<undefined, Match<M> | 'no', number>;

/** A part of a grammar that reads some bytes and tells something about them. */
export type Phrase<T> = Generator<undefined, T, number>;

/**
 * Makes a `match` function of a grammar. The parse of a connection is shared by all that hold the same `match` function, and
 * its verdict, once given, stands.
 *
 * @param grammar - begins the grammar; it stops at its first `yield` before it has seen a byte
 * @param maxBytes - undecided after this many bytes is `'no'`; left out where only the sniffer's own cap ends it
 */
export function matchGrammar<M>(grammar: () => Grammar<M>, maxBytes = Infinity): (first: FirstBytes) => Verdict<M> {
  const begin = (): Parse<M> => new Parse(grammar(), maxBytes);
  return (first) => first.parser(begin).resume(first.bytes);
}

class Parse<M> {
  readonly #grammar: Grammar<M>;
  readonly #maxBytes: number;
  #at = 0;
  #verdict: Verdict<M> = 'more';

  constructor(grammar: Grammar<M>, maxBytes: number) {
    this.#grammar = grammar;
    this.#maxBytes = maxBytes;
    grammar.next();
  }

  resume(bytes: Uint8Array): Verdict<M> {
    while (this.#verdict === 'more') {
      const byte = bytes[this.#at];
      if (byte === undefined) break;
      const step = this.#grammar.next(byte);
      this.#at++;
      if (step.done === true) this.#verdict = step.value;
      else if (this.#at === this.#maxBytes) this.#verdict = 'no';
    }
    return this.#verdict;
  }
}

/** Reads `text` in Latin-1: false at the first byte that differs, which is the last one read. */
export function* literal(text: string): Phrase<boolean> {
  for (let i = 0; i < text.length; i++) if ((yield) !== text.charCodeAt(i)) return false;
  return true;
}
