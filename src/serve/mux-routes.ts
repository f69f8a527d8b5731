import { UsageError } from '../errors.js';
import { parsePattern, patternsConflict, type MuxPattern, type Segment } from './mux-pattern.js';

/** A pattern and what was registered with it. */
export interface Route<T> {
  readonly pattern: MuxPattern;
  readonly handler: T;
}

/**
 * Parses the patterns of a router.
 *
 * @throws UsageError `ERR_MUX_ROUTE` for a bad pattern, and for two that conflict
 */
export function parseRoutes<T>(handlers: Iterable<readonly [pattern: string, handler: T]>): Route<T>[] {
  const routes: Route<T>[] = [];
  for (const [text, handler] of handlers) {
    const pattern = parsePattern(text);
    const rival = routes.find((route) => patternsConflict(pattern, route.pattern))?.pattern;
    if (rival !== undefined) {
      const reason = `both match '${commonPath(pattern.segments, rival.segments)}', and neither is more specific`;
      throw new UsageError('ERR_MUX_ROUTE', `'${rival.text}' and '${text}' conflict: ${reason}`);
    }
    routes.push({ pattern, handler });
  }
  return routes;
}

// A path for the message: literals of either pattern, then names of either.
function commonPath(first: readonly Segment[], second: readonly Segment[]): string {
  const [long, short] = first.length < second.length ? [second, first] : [first, second];
  const parts = long.map((segment, i) => {
    const both = [segment, short[i]];
    return (both.find((one) => one?.kind === 'literal') ?? both.find((one) => one?.kind === 'one'))?.text ?? '';
  });
  return `/${parts.join('/')}`;
}

/** What the wildcards of a route that was found stand for; the rest is put together again. */
export function paramsOf(pattern: MuxPattern, segments: readonly string[]): Record<string, string> {
  const params: [string, string][] = [];
  pattern.segments.forEach(({ kind, text }, i) => {
    if (kind === 'one') params.push([text, segments[i] ?? '']);
    else if (kind === 'rest' && text !== '') params.push([text, segments.slice(i).join('/')]);
  });
  return Object.fromEntries(params);
}
