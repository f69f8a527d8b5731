import fc from 'fast-check';

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
export const requests: readonly Request[] = ['GET', 'HEAD', 'POST'].flatMap((method) =>
  ['h', 'o'].flatMap((host) => paths.map((path) => ({ method, host, path }))),
);

export interface Model {
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

export const isSubset = (part: Model, whole: Model): boolean =>
  [...part.matched].every((request) => whole.matched.has(request));

export function conflict(one: Model, other: Model): boolean {
  if (one.host !== other.host || ![...one.matched].some((request) => other.matched.has(request))) return false;
  return isSubset(one, other) === isSubset(other, one);
}

export const pattern = fc
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

export const compatible = fc.array(pattern, { minLength: 1, maxLength: 12 }).map((models) => {
  const kept: Model[] = [];
  for (const one of models) if (!kept.some((other) => conflict(one, other))) kept.push(one);
  return kept;
});
