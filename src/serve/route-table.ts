import Router from 'find-my-way';
import type { Segment } from './mux-pattern.js';
import type { Route } from './mux-routes.js';

// The trees hold paths only: find-my-way wants some method, and GET is its fastest.
const METHOD = 'GET';

/**
 * Finds the most specific route: by host first, then by method, then by path. There is a find-my-way tree for each
 * pair of host and method, since a tree shared by hosts would prefer a better path over a better host. Within a tree,
 * its order (literal, then parameter, then wildcard, going back where that fails) finds the most specific of routes
 * that don't conflict.
 */
export class RouteTable<T> {
  readonly #trees = new Map<string, Map<string, ReturnType<typeof Router>>>();

  /** @param routes - of which no two conflict */
  constructor(routes: Iterable<Route<T>>) {
    for (const route of routes) this.#add(route);
  }

  /** @param segments - the decoded path, cut at its slashes; an empty one at the end is a final slash */
  find(host: string, method: string, segments: readonly string[]): Route<T> | undefined {
    const path = treePath(segments);
    for (const methods of this.#hosts(host)) {
      for (const candidate of method === 'HEAD' ? ['HEAD', 'GET', ''] : [method, '']) {
        const found = methods.get(candidate)?.find(METHOD, path);
        if (found) return found.store as Route<T>;
      }
    }
    return undefined;
  }

  /** The methods, sorted, with which there is a route for the path, or for the path and a final slash. */
  methods(host: string, segments: readonly string[]): string[] {
    const path = treePath(segments);
    const allowed = new Set<string>();
    for (const methods of this.#hosts(host)) {
      for (const [method, tree] of methods) {
        if (tree.find(METHOD, path) ?? tree.find(METHOD, `${path}/`)) allowed.add(method);
      }
    }
    if (allowed.has('GET')) allowed.add('HEAD');
    return [...allowed].sort();
  }

  #hosts(host: string): Map<string, ReturnType<typeof Router>>[] {
    return [this.#trees.get(host), this.#trees.get('')].filter((methods) => methods !== undefined);
  }

  #add(route: Route<T>): void {
    const { host, method, segments } = route.pattern;
    const methods = this.#trees.get(host) ?? new Map<string, ReturnType<typeof Router>>();
    this.#trees.set(host, methods);
    const tree = methods.get(method) ?? Router({ maxParamLength: Infinity });
    methods.set(method, tree);
    tree.on(METHOD, `/${segments.map(treeSegment).join('/')}`, neverCalled, route);
  }
}

// Routes are looked up, not dispatched, by find-my-way.
function neverCalled(): void {}

function treeSegment({ kind, text }: Segment): string {
  if (kind === 'literal') return escape(text);
  // A plain parameter would match an empty segment too.
  if (kind === 'one') return ':one(.+)';
  return kind === 'rest' ? '*' : '';
}

function treePath(segments: readonly string[]): string {
  return `/${segments.map(escape).join('/')}`;
}

// Keeps find-my-way from decoding again, and its own signs (`:`, `*`, `(`, `?`) and slashes out of literals.
function escape(segment: string): string {
  return segment.replace(/[^\w.-]/g, (sign) => `~${sign.charCodeAt(0).toString(16)}~`);
}
