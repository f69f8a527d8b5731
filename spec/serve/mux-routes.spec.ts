import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { paramsOf, RouteTable } from '../../src/serve/mux-routes.js';

/*
 * A model that knows nothing of trees: a pattern is the set of requests it matches, out of all requests over three
 * methods, two hosts and the paths of up to four segments. More specific means: a proper subset.
 */
interface Request {
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

const bare = [''];
for (let from = 0, depth = 1; depth <= 4; depth++) {
  const to = bare.length;
  for (const path of bare.slice(from, to)) bare.push(`${path}/a`, `${path}/b`, `${path}/c`);
  from = to;
}
const paths = bare.flatMap((path) => (path === '' ? ['/'] : [path, `${path}/`]));
const requests: readonly Request[] = ['GET', 'HEAD', 'POST'].flatMap((method) =>
  ['h', 'o'].flatMap((host) => paths.map((path) => ({ method, host, path }))),
);

interface Model {
  readonly text: string;
  readonly host: string;
  readonly matched: ReadonlySet<Request>;
}

function model(method: string, host: string, path: string): Model {
  const expression = path
    .replace('/{$}', '/')
    .replace(/\{\w+\.\.\.\}$/, '.*')
    .replace(/\{\w+\}/g, '[^/]+');
  const regexp = new RegExp(`^${path.endsWith('/') ? `${expression}.*` : expression}$`);
  const methods = { '': ['GET', 'HEAD', 'POST'], GET: ['GET', 'HEAD'] }[method] ?? [method];
  const matches = (request: Request): boolean =>
    methods.includes(request.method) && (host === '' || host === request.host) && regexp.test(request.path);
  return { text: `${method} ${host}${path}`.trim(), host, matched: new Set(requests.filter(matches)) };
}

const isSubset = (part: Model, whole: Model): boolean =>
  [...part.matched].every((request) => whole.matched.has(request));

function conflict(one: Model, other: Model): boolean {
  if (one.host !== other.host || ![...one.matched].some((request) => other.matched.has(request))) return false;
  return isSubset(one, other) === isSubset(other, one);
}

const pattern = fc
  .record({
    method: fc.constantFrom('', 'GET', 'HEAD', 'POST'),
    host: fc.constantFrom('', 'h'),
    parts: fc.array(fc.constantFrom('a', 'b', '{}'), { maxLength: 3 }),
    end: fc.constantFrom('', '/', '/{$}', '/{rest...}'),
  })
  .map(({ method, host, parts, end }) => {
    const path = parts.map((part, i) => (part === '{}' ? `/{p${i}}` : `/${part}`)).join('') + end;
    return model(method, host, path === '' ? '/{$}' : path);
  });

const compatible = fc.array(pattern, { minLength: 1, maxLength: 12 }).map((models) => {
  const kept: Model[] = [];
  for (const one of models) if (!kept.some((other) => conflict(one, other))) kept.push(one);
  return kept;
});

const table = (models: readonly Model[]): RouteTable<null> =>
  new RouteTable(models.map(({ text }) => [text, null] as const));

describe('RouteTable', () => {
  it('takes two patterns exactly when the model finds no conflict', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const register = (): unknown => table([one, other]);
        if (conflict(one, other)) expect(register).toThrow(expect.objectContaining({ code: 'ERR_MUX_ROUTE' }));
        else expect(register).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('finds, for every request, the route that a scan for the most specific pattern finds', () => {
    fc.assert(
      fc.property(compatible, (models) => {
        const routes = table(models);
        for (const request of requests) {
          const all = models.filter(({ matched }) => matched.has(request));
          const rivals = all.some(({ host }) => host !== '') ? all.filter(({ host }) => host !== '') : all;
          const best = rivals.find((one) => rivals.every((other) => isSubset(one, other)));
          const found = routes.find(request.host, request.method, request.path.slice(1).split('/'));
          if (found?.pattern.text !== best?.text) {
            expect({ request, found: found?.pattern.text }).toEqual({ request, found: best?.text });
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives params that put the path together again', () => {
    fc.assert(
      fc.property(compatible, (models) => {
        const routes = table(models);
        for (const { method, host, path } of requests) {
          const segments = path.slice(1).split('/');
          const found = routes.find(host, method, segments);
          if (found === undefined || found.pattern.text.endsWith('/')) continue;
          const params = paramsOf(found.pattern, segments);
          const own = found.pattern.text.slice(found.pattern.text.indexOf('/')).replace('{$}', '');
          const filled = own.replace(/\{(\w+)(\.\.\.)?\}/g, (_, name: string) => params[name] ?? '');
          if (filled !== path) expect({ filled, own }).toEqual({ filled: path, own });
        }
      }),
      { numRuns: 20 },
    );
  });

  it('matches literals and wildcards of any text', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((segment) => !/^\.{1,2}$/.test(segment));
    fc.assert(
      fc.property(text, text, (literal, value) => {
        const routes = new RouteTable([
          [`/${encodeURIComponent(literal)}/{x}`, 'literal'],
          ['/{y}/{z}', 'other'],
        ]);
        expect(routes.find('', 'GET', [literal, value])?.handler).toBe('literal');
        expect(routes.find('', 'GET', [`${literal}.`, value])?.handler).toBe('other');
        const found = routes.find('', 'GET', [literal, value]);
        expect(found && paramsOf(found.pattern, [literal, value])).toEqual({ x: value });
      }),
    );
  });

  it('finds values longer than any limit of the tree', () => {
    const long = 'x'.repeat(10_000);
    expect(new RouteTable([['/{x}', 1]]).find('', 'GET', [long])?.handler).toBe(1);
  });

  it('names both patterns of a conflict and a path they share', () => {
    const register = (): unknown =>
      new RouteTable([
        ['GET /items/{id}', 1],
        ['GET /{kind}/new', 2],
      ]);
    expect(register).toThrow(/'GET \/items\/\{id\}' and 'GET \/\{kind\}\/new' conflict: both match '\/items\/new'/);
  });

  it('lists the methods of a path, of any host and with or without its final slash', () => {
    const routes = new RouteTable([
      ['GET /a', 1],
      ['DELETE h/a', 2],
      ['POST /a/', 3],
      ['PUT /b', 4],
    ]);
    expect(routes.methods('h', ['a'])).toEqual(['DELETE', 'GET', 'HEAD', 'POST']);
    expect(routes.methods('o', ['a'])).toEqual(['GET', 'HEAD', 'POST']);
    expect(routes.methods('o', ['a', ''])).toEqual(['POST']);
    expect(routes.methods('o', ['c'])).toEqual([]);
  });

  it('takes __proto__ for a name like any other', () => {
    const found = new RouteTable([['/{__proto__}', 1]]).find('', 'GET', ['x']);
    expect(found && Object.entries(paramsOf(found.pattern, ['x']))).toEqual([['__proto__', 'x']]);
  });
});
