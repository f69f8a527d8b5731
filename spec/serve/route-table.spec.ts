import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { paramsOf, parseRoutes } from '../../src/serve/mux-routes.js';
import { RouteTable } from '../../src/serve/route-table.js';
import { compatible, isSubset, requests } from './mux-model.js';

const table = <T>(handlers: readonly (readonly [pattern: string, handler: T])[]): RouteTable<T> =>
  new RouteTable(parseRoutes(handlers));

describe('RouteTable', () => {
  it('finds, for every request, the route that a scan for the most specific pattern finds', () => {
    fc.assert(
      fc.property(compatible, (models) => {
        const routes = table(models.map(({ text }) => [text, null]));
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

  it('matches literals and wildcards of any text', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((segment) => !/^\.{1,2}$/.test(segment));
    fc.assert(
      fc.property(text, text, (literal, value) => {
        const routes = table([
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
    expect(table([['/{x}', 1]]).find('', 'GET', [long])?.handler).toBe(1);
  });

  it('lists the methods of a path, of any host and with or without its final slash', () => {
    const routes = table([
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
});
