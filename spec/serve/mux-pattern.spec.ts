import { describe, expect, it } from '@jest/globals';
import { parsePattern, patternsConflict } from '../../src/serve/mux-pattern.js';

const shape = (text: string): string =>
  parsePattern(text)
    .segments.map((segment) => `${segment.kind}:${segment.text}`)
    .join(' ');

describe('parsePattern', () => {
  it('takes a method, a host and a path apart', () => {
    expect(parsePattern('GET Example.com/items/{id}')).toMatchObject({ method: 'GET', host: 'example.com' });
    expect(parsePattern('M-SEARCH \t/')).toMatchObject({ method: 'M-SEARCH', host: '' });
    expect(parsePattern('[::1]/x')).toMatchObject({ method: '', host: '[::1]' });
  });

  it.each([
    ['/', 'rest:'],
    ['/{$}', 'end:'],
    ['/a', 'literal:a'],
    ['/a/', 'literal:a rest:'],
    ['/a/{$}', 'literal:a end:'],
    ['/{x}/b/{rest...}', 'one:x literal:b rest:rest'],
    ['/a%2Fb%7Bc', 'literal:a/b{c'],
    ['/größe/{ñ_1}', 'literal:größe one:ñ_1'],
  ])('reads %s as %s', (text, segments) => {
    expect(shape(text)).toBe(segments);
  });

  it.each([
    '',
    'items',
    'GET items',
    'get /items',
    'GET  ',
    'example.com:80/x',
    '{host}/x',
    '/a{x}',
    '/{x}a',
    '/{}',
    '/{...}',
    '/{1x}',
    '/{a-b}',
    '/{x',
    '/x}',
    '/{$}/a',
    '/{rest...}/a',
    '/{rest...}/',
    '/{x}/{x}',
    '/{x}/{x...}',
    '/a//b',
    '/a/./b',
    '/a/../b',
    '/%2e%2E/b',
    '/%zz',
  ])('refuses %j', (text) => {
    expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'ERR_MUX_ROUTE' }));
  });
});

describe('patternsConflict', () => {
  it.each([
    ['/items/{id}', '/items/{name}'],
    ['/posts/{id}', '/{resource}/latest'],
    ['GET /', '/items/'],
    ['HEAD /', 'GET /items'],
    ['GET /a/{x}', 'GET /{y}/b'],
    ['/a/', '/{x}/{$}'],
    ['/a/{rest...}', '/a/'],
    ['h.com/{x}', 'H.com/{y}'],
  ])('finds %s and %s to conflict', (first, second) => {
    expect(patternsConflict(parsePattern(first), parsePattern(second))).toBe(true);
    expect(patternsConflict(parsePattern(second), parsePattern(first))).toBe(true);
  });

  it.each([
    ['/items/{id}', '/items/latest'],
    ['GET /items/{id}', 'POST /items/{id}'],
    ['GET /items/{id}', '/items/{id}'],
    ['GET /a', 'HEAD /a'],
    ['/a/', '/a'],
    ['/a/', '/a/{$}'],
    ['/a/{$}', '/a/{x}'],
    ['/a/{x...}', '/a/{x}'],
    ['/{x}/b', '/a/{y}/c'],
    ['h.com/{x}', '/a'],
    ['h.com/{x}', 'i.com/{x}'],
  ])('finds no conflict between %s and %s', (first, second) => {
    expect(patternsConflict(parsePattern(first), parsePattern(second))).toBe(false);
    expect(patternsConflict(parsePattern(second), parsePattern(first))).toBe(false);
  });
});
