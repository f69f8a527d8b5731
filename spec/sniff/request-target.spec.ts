import { describe, expect, it } from '@jest/globals';
import { parseAuthority } from '../../src/conn/host-name.js';
import { requestTarget, type RequestTarget } from '../../src/sniff/request-target.js';

const ask = (method: string, target: string, ...hosts: readonly string[]): RequestTarget | 'malformed' | undefined =>
  requestTarget({ method, target, version: '1.1' }, hosts);

const site = (host: string, port?: number): { readonly host: string; readonly port: number | undefined } => ({
  host,
  port,
});

describe('requestTarget', () => {
  it.each([
    ['GET', '/a/b?c#d', '/a/b'],
    ['GET', '/a//b', '/a//b'],
    ['GET', '/http://other/', '/http://other/'],
    ['GET', '/?http://other/', '/'],
    ['GET', '?x', '/'],
    ['OPTIONS', '*', '*'],
  ])('%s %s is for the Host, with path %s', (method, target, path) => {
    expect(ask(method, target, 'a:1')).toEqual({ authority: site('a', 1), path });
  });

  it.each([
    ['GET', 'http://b/c?d', site('b'), '/c'],
    ['GET', 'HTTPS://B:8443', site('b', 8443), '/'],
    ['GET', 'ws+unix://b?c', site('b'), '/'],
    ['OPTIONS', 'http://b#c', site('b'), '/'],
    ['CONNECT', 'b:443', site('b', 443), ''],
    ['CONNECT', '[2001:DB8::1]:443', site('[2001:db8::1]', 443), ''],
  ])('%s %s overrides Host', (method, target, authority, path) => {
    expect(ask(method, target, 'a')).toEqual({ authority, path });
    expect(ask(method, target)).toEqual({ authority, path });
  });

  it('is malformed where an absolute target has no host, or a port is none', () => {
    expect(ask('GET', 'http:///c', 'a')).toBe('malformed');
    expect(ask('GET', '/', 'a:65536')).toBe('malformed');
    expect(ask('GET', 'http://a:70000/')).toBe('malformed');
    expect(ask('GET', '/', 'a:00080')).toEqual({ authority: site('a', 80), path: '/' });
  });

  it('is undefined without a host', () => {
    expect(ask('GET', '/')).toBeUndefined();
    expect(ask('GET', '/', '')).toBeUndefined();
  });

  it('is malformed for a host that nobody has, and for two', () => {
    expect(ask('GET', '/', 'a b')).toBe('malformed');
    expect(ask('GET', 'http://me@b/', 'a')).toBe('malformed');
    expect(ask('CONNECT', '/', 'a')).toBe('malformed');
    expect(ask('GET', '/', 'a', 'a')).toBe('malformed');
    expect(ask('GET', 'http://b/', 'a', 'a')).toBe('malformed');
  });
});

describe('parseAuthority', () => {
  it.each([
    ['Example.COM', site('example.com')],
    ['Example.COM.:80', site('example.com', 80)],
    ['example.com..', site('example.com.')],
    ['a:', site('a')],
    ['a:0', site('a', 0)],
    ['192.0.2.1:80', site('192.0.2.1', 80)],
    ['[::1]', site('[::1]')],
    ['x_y-z.test:65535', site('x_y-z.test', 65535)],
    ['a'.repeat(255), site('a'.repeat(255))],
  ])('reads %s', (text, expected) => {
    expect(parseAuthority(text)).toEqual(expected);
  });

  it.each([
    '',
    ':80',
    'a:b',
    'a:1:2',
    'a:123456',
    '::1',
    '[::1',
    '[x]',
    'me@a',
    'a/b',
    'a\\b',
    'a,b',
    'a b',
    'a'.repeat(256),
  ])('refuses %j', (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });
});
