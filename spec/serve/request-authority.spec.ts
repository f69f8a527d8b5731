import { describe, expect, it } from '@jest/globals';
import { requestAuthority } from '../../src/serve/request-authority.js';

const of = (...rawHeaders: string[]): string | undefined => requestAuthority({ rawHeaders });

describe('requestAuthority', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Example.COM.:8080', 'example.com'],
    ['[::1]:80', '[::1]'],
    ['127.0.0.1', '127.0.0.1'],
    ['', ''],
  ])('reads Host: %s', (value, host) => {
    expect(of('Accept', '*/*', 'HOST', value)).toBe(host);
  });

  it('is empty for a request that names no host', () => {
    expect(of('accept', '*/*')).toBe('');
  });

  it.each(['a b', 'a,b', 'user@a', 'a/b', 'a:b', 'a:123456', '[::1', 'a\\b', 'a?b', 'a'.repeat(256)])(
    'refuses a Host that no host has: %s',
    (value) => {
      expect([of('host', value), of(':authority', value)]).toEqual([undefined, undefined]);
    },
  );

  it('refuses two Host fields, even alike', () => {
    expect(of('Host', 'a', 'host', 'a')).toBeUndefined();
    expect(of(':authority', 'a', 'host', 'a', 'host', 'a')).toBeUndefined();
  });

  it.each([
    [':authority', 'front.example', 'host', 'admin.example'],
    ['host', 'admin.example', ':authority', 'front.example'],
    [':authority', 'a:80', 'host', 'a:81'],
    [':scheme', 'https', ':authority', 'a', 'host', 'a:80'],
    [':authority', 'a', 'host', ''],
    [':authority', 'a', 'host', 'a b'],
    [':authority', 'a', ':authority', 'b'],
  ])('refuses a Host that differs from :authority: %s', (...fields) => {
    expect(of(...fields)).toBeUndefined();
  });

  it.each([
    [':scheme', 'http', ':authority', 'A.', 'host', 'a:80'],
    ['host', 'a:0443', ':authority', 'a', ':scheme', 'https'],
    [':authority', 'a:8080', 'host', 'a:08080'],
  ])('takes hosts that differ in their spelling only: %s', (...fields) => {
    expect(of(...fields)).toBe('a');
  });
});
