import { describe, expect, it } from '@jest/globals';
import { parseTarget } from '../../src/serve/mux-target.js';

describe('parseTarget', () => {
  it('reads the origin form with the host of the header fields', () => {
    expect(parseTarget('GET', '/a%20b/c?x=1?y', 'example.com')).toEqual({
      host: 'example.com',
      path: '/a%20b/c',
      isClean: true,
      segments: ['a b', 'c'],
      query: 'x=1?y',
    });
  });

  it('lets the host of the absolute form win over the Host header', () => {
    expect(parseTarget('GET', 'HTTP://other.com:80/a', 'example.com')).toMatchObject({ host: 'other.com', path: '/a' });
    expect(parseTarget('GET', 'http://other.com?q', 'example.com')).toMatchObject({
      path: '/',
      isClean: true,
      query: 'q',
    });
  });

  it('keeps the brackets of an IPv6 host', () => {
    expect(parseTarget('GET', 'http://[::1]:80/', '')).toMatchObject({ host: '[::1]' });
  });

  it.each([
    ['/', '/', true],
    ['/a/b/', '/a/b/', true],
    ['//', '/', false],
    ['/a//b', '/a/b', false],
    ['/a/./b', '/a/b', false],
    ['/a/.', '/a', false],
    ['/a/../b/', '/b/', false],
    ['/..', '/', false],
    ['/../../etc', '/etc', false],
    ['/a/%2E%2e/b', '/b', false],
    ['/a/%2e./b', '/b', false],
    ['/a/...', '/a/...', true],
  ])('cleans %s to %s', (target, path, isClean) => {
    expect(parseTarget('GET', target, '')).toMatchObject({ path, isClean });
  });

  it('leaves the path of CONNECT as it is', () => {
    expect(parseTarget('CONNECT', '/a//../b', '')).toMatchObject({ path: '/a//../b', isClean: true });
  });

  it.each([
    '*',
    '',
    '?x',
    'a/b',
    'example.com:443',
    'ftp://a/b',
    'http://user@host/',
    'http://a b/',
    'http://a:123456/',
    'http://[::1/',
    'http:///a',
    '/%',
    '/%zz',
    '/%ff',
    '//%zz',
  ])('refuses %j', (target) => {
    expect(parseTarget('GET', target, 'example.com')).toBeUndefined();
  });
});
