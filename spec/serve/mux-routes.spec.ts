import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { paramsOf, parseRoutes } from '../../src/serve/mux-routes.js';
import { RouteTable } from '../../src/serve/route-table.js';
import { compatible, conflict, pattern, requests } from './mux-model.js';

describe('parseRoutes', () => {
  it('takes two patterns exactly when the model finds no conflict', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const register = (): unknown => parseRoutes([one, other].map(({ text }) => [text, null]));
        if (conflict(one, other)) expect(register).toThrow(expect.objectContaining({ code: 'ERR_MUX_ROUTE' }));
        else expect(register).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('names both patterns of a conflict and a path they share', () => {
    const register = (): unknown =>
      parseRoutes([
        ['GET /items/{id}', 1],
        ['GET /{kind}/new', 2],
      ]);
    expect(register).toThrow(/'GET \/items\/\{id\}' and 'GET \/\{kind\}\/new' conflict: both match '\/items\/new'/);
  });
});

describe('paramsOf', () => {
  it('gives params that put the path together again', () => {
    fc.assert(
      fc.property(compatible, (models) => {
        const routes = new RouteTable(parseRoutes(models.map(({ text }) => [text, null])));
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

  it('takes __proto__ for a name like any other', () => {
    const [route] = parseRoutes([['/{__proto__}', 1]]);
    expect(route && Object.entries(paramsOf(route.pattern, ['x']))).toEqual([['__proto__', 'x']]);
  });
});
