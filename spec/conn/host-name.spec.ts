import { describe, expect, it } from '@jest/globals';
import { canonicalHost, kindOfServerName, parseAuthority } from '../../src/conn/host-name.js';

describe('canonicalHost', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['example.com..', 'example.com.'],
    ['Example.com.:8443', 'example.com:8443'],
    ['example.com.:', 'example.com:'],
    ['a.', 'a'],
    ['.', '.'],
    ['', ''],
    ['[2001:DB8::1]:80', '[2001:db8::1]:80'],
    ['192.0.2.1.', '192.0.2.1'],
    ['a.b:x', 'a.b:x'],
    ['.\n.', '.\n'],
  ])('of %j is %j', (written, canonical) => {
    expect(canonicalHost(written)).toBe(canonical);
  });
});

describe('kindOfServerName', () => {
  it.each([
    ['example.com', 'host'],
    ['xn--bcher-kva.example', 'host'],
    ['my_host', 'host'],
    ['1a', 'host'],
    ['192.0.2.1', 'address'],
    ['2001:db8::1', 'address'],
    ['[::1]', 'address'],
    ['', 'unreadable'],
    ['.', 'unreadable'],
    ['a..b', 'unreadable'],
    ['a\0b', 'unreadable'],
    ['a b', 'unreadable'],
    ['1.2.3', 'unreadable'],
    ['256.0.0.1', 'unreadable'],
    ['a'.repeat(64), 'unreadable'],
    [`${'a'.repeat(63)}.`.repeat(4).slice(0, -1), 'unreadable'],
  ])('of %j is %s', (name, kind) => {
    expect(kindOfServerName(name)).toBe(kind);
  });
});

describe('parseAuthority', () => {
  it('reads a host of 255 bytes, and none that is longer', () => {
    const host = 'a'.repeat(255);
    expect(parseAuthority(`${host}:80`)).toEqual({ host, port: 80 });
    expect(parseAuthority(`${host}a:80`)).toBeUndefined();
  });
});
