import { UsageError } from '../../errors.js';
import { latin1, matchPrefix, type FirstBytes, type Match, type Matcher, type Verdict } from '../matcher.js';

/** What {@link prefix} tells. */
export interface PrefixMeta<S> {
  /** The signature that was found, as it was given. */
  readonly prefix: S;
}

/**
 * Matches connections that begin with one of some fixed signatures, and decides at the first byte that differs. When one
 * signature begins with another, the one given first is preferred, so put the longer one first.
 *
 * @param signatures - Latin-1 text (each character one byte) or bytes
 * @throws UsageError `ERR_MUX_OPTION` without a signature, for an empty one, and for text outside Latin-1
 * @example
 * ```ts
 * conns$.pipe(sniff(named('stomp', prefix('CONNECT\n', 'STOMP\n')), http1()));
 * ```
 */
export function prefix<const S extends readonly (string | Uint8Array)[]>(
  ...signatures: S
): Matcher<'prefix', PrefixMeta<S[number]>> {
  if (signatures.length === 0) throw new UsageError('ERR_MUX_OPTION', 'prefix needs at least one signature');
  return { protocol: 'prefix', ...bySignature(signatures.map((s: S[number]) => [signatureBytes(s), { prefix: s }])) };
}

function signatureBytes(signature: string | Uint8Array): Uint8Array {
  if (signature.length === 0)
    throw new UsageError('ERR_MUX_OPTION', 'an empty signature matches everything: use any()');
  if (typeof signature !== 'string') return Uint8Array.from(signature);
  if (/[^\0-\xff]/.test(signature)) {
    throw new UsageError('ERR_MUX_OPTION', `'${signature}' is not Latin-1; give such a signature as bytes`);
  }
  return latin1(signature);
}

/** The part of a matcher that finds one of `signatures` and tells the meta that stands next to it, the first one preferred. */
export function bySignature<M>(
  signatures: readonly (readonly [signature: Uint8Array, meta: M])[],
): Required<Pick<Matcher<string, M>, 'firstBytes' | 'match'>> {
  const rows = signatures.map(([signature, meta]) => [signature, { meta }] as const satisfies [Uint8Array, Match<M>]);
  return {
    firstBytes: [...new Set(rows.flatMap(([signature]) => [...signature.subarray(0, 1)]))],
    match({ bytes, final }: FirstBytes): Verdict<M> {
      let verdict: 'no' | 'more' = 'no';
      for (const [signature, match] of rows) {
        const found = matchPrefix(bytes, signature);
        if (found === 'match') return match;
        if (found === 'more') verdict = 'more';
        if (verdict === 'more' && !final) break;
      }
      return verdict;
    },
  };
}
