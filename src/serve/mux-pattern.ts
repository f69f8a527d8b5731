import { hostPattern } from '../conn/host-name.js';
import { UsageError } from '../errors.js';

/** Names of the wildcards in a route pattern: `'id' | 'rest'` for `'/items/{id}/{rest...}'`. */
export type ParamName<P extends string> = P extends `${string}{${infer Wildcard}}${infer Rest}`
  ? (Wildcard extends '$' ? never : Wildcard extends `${infer Name}...` ? Name : Wildcard) | ParamName<Rest>
  : never;

/** What a pattern's wildcards stand for in one request; for a pattern not known as a literal, any name. */
export type ParamsOf<P extends string> = Readonly<Record<string extends P ? string : ParamName<P>, string>>;

/**
 * One piece of a path between slashes: a `literal`, exactly `one` segment that is not empty, the `rest` of the path,
 * which may be empty, or the `end`: nothing after the last slash.
 */
export interface Segment {
  readonly kind: 'literal' | 'one' | 'rest' | 'end';
  /** The literal, percent-decoded, or the wildcard's name; empty for `end` and for the rest below a final slash. */
  readonly text: string;
}

/** A route pattern, taken apart. */
export interface MuxPattern {
  /** As it was written. */
  readonly text: string;
  /** Empty = any method. */
  readonly method: string;
  /** Lower case, without a dot at its end; empty = any host. */
  readonly host: string;
  readonly segments: readonly Segment[];
}

const PATTERN = /^(?:([A-Z][A-Z-]*)[ \t]+)?([^/{}\s:]*|\[[\da-fA-F:.]+\])(\/.*)$/s;
const NAME = /^[\p{L}_][\p{L}\p{Nd}_]*$/u;

/**
 * Parses `[METHOD ][HOST]/path` as Go's `net/http` does since 1.22: `{name}` is one segment, `{name...}` the rest of
 * the path, a path that ends in `/` also all that is below it, and `{$}` ends a path at its final slash.
 *
 * @throws UsageError `ERR_MUX_ROUTE` for text that is no pattern, or that no request can match
 */
export function parsePattern(text: string): MuxPattern {
  const [, method = '', host = '', path] = PATTERN.exec(text) ?? [];
  if (path === undefined) throw refuse(text, "it isn't '[METHOD ][HOST]/path', with an upper-case method and no port");
  const parts = path.slice(1).split('/');
  const segments = parts.map((part, i) => parseSegment(text, part, i === parts.length - 1));
  const names = segments.filter(({ kind, text: name }) => (kind === 'one' || kind === 'rest') && name !== '');
  if (new Set(names.map((segment) => segment.text)).size < names.length)
    throw refuse(text, 'a wildcard name is used twice');
  return { text, method, host: parseHost(text, host), segments };
}

function parseHost(pattern: string, host: string): string {
  try {
    return hostPattern(host);
  } catch (cause) {
    throw refuse(pattern, `'${host}' has no ASCII form (IDNA)`, cause);
  }
}

function parseSegment(pattern: string, part: string, isLast: boolean): Segment {
  if (part === '' && isLast) return { kind: 'rest', text: '' };
  if (part === '{$}' && isLast) return { kind: 'end', text: '' };
  if (!part.includes('{') && !part.includes('}')) return { kind: 'literal', text: parseLiteral(pattern, part) };
  const rest = part.endsWith('...}');
  const name = part.slice(1, rest ? -4 : -1);
  if (part !== `{${name}${rest ? '...' : ''}}` || !NAME.test(name)) {
    throw refuse(pattern, `'${part}' is neither a literal nor '{name}', '{name...}' or a final '{$}'`);
  }
  if (rest && !isLast) throw refuse(pattern, `nothing can follow '${part}'`);
  return { kind: rest ? 'rest' : 'one', text: name };
}

function parseLiteral(pattern: string, part: string): string {
  let literal: string;
  try {
    literal = decodeURIComponent(part);
  } catch (cause) {
    throw refuse(pattern, `'${part}' is badly percent-encoded`, cause);
  }
  if (literal === '' || literal === '.' || literal === '..') {
    throw refuse(pattern, "empty, '.' and '..' segments never match: such requests are redirected to the clean path");
  }
  return literal;
}

function refuse(pattern: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('ERR_MUX_ROUTE', `'${pattern}' is no route pattern: ${reason}`, { cause });
}

// How the requests that two patterns match relate. Bits, so that the aspects of a pattern add up by OR.
const SAME = 0;
const FIRST_WIDER = 1;
const SECOND_WIDER = 2;
const OVERLAPPING = FIRST_WIDER | SECOND_WIDER;
const DISJOINT = undefined;

type Relation = number | typeof DISJOINT;

/**
 * Whether some requests match both patterns with neither of them the more specific one, that is, matching a part of
 * what the other matches. Patterns of different hosts never conflict: the one with the host wins.
 */
export function patternsConflict(first: MuxPattern, second: MuxPattern): boolean {
  if (first.host !== second.host) return false;
  const relation = combine(methodRelation(first.method, second.method), pathRelation(first.segments, second.segments));
  return relation === SAME || relation === OVERLAPPING;
}

function combine(one: Relation, other: Relation): Relation {
  return one === DISJOINT || other === DISJOINT ? DISJOINT : one | other;
}

function methodRelation(first: string, second: string): Relation {
  if (first === second) return SAME;
  // GET answers HEAD too, so it is the wider of the two.
  if (first === '' || (first === 'GET' && second === 'HEAD')) return FIRST_WIDER;
  if (second === '' || (first === 'HEAD' && second === 'GET')) return SECOND_WIDER;
  return DISJOINT;
}

function pathRelation(first: readonly Segment[], second: readonly Segment[]): Relation {
  let relation: Relation = SAME;
  for (let i = 0; i < Math.max(first.length, second.length); i++) {
    const a = first[i];
    const b = second[i];
    if (a === undefined || b === undefined) return DISJOINT;
    relation = combine(relation, segmentRelation(a, b));
    // A rest takes in whatever follows in the other pattern.
    if (relation === DISJOINT || a.kind === 'rest' || b.kind === 'rest') return relation;
  }
  return relation;
}

function segmentRelation(first: Segment, second: Segment): Relation {
  if (first.kind === second.kind) return first.kind !== 'literal' || first.text === second.text ? SAME : DISJOINT;
  if (first.kind === 'rest') return FIRST_WIDER;
  if (second.kind === 'rest') return SECOND_WIDER;
  if (first.kind === 'end' || second.kind === 'end') return DISJOINT;
  return first.kind === 'one' ? FIRST_WIDER : SECOND_WIDER;
}
