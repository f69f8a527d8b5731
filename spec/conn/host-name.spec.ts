import { describe, expect, it } from '@jest/globals';
import { canonicalHost, hostPattern, kindOfServerName, parseAuthority } from '../../src/conn/host-name.js';

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

describe('hostPattern', () => {
  it.each([
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['*.bücher.example.', '*.xn--bcher-kva.example'],
    ['bücher.example:80', 'xn--bcher-kva.example:80'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['Example.COM.', 'example.com'],
    ['0x7f.1', '0x7f.1'],
    ['[::1]:8080', '[::1]:8080'],
    ['', ''],
  ])('of %j is %j', (pattern, host) => {
    expect(hostPattern(pattern)).toBe(host);
  });

  it.each(['bü cher.example', 'ü@b.example', 'ü/b', 'ü?b', 'xn--ü'])('refuses %j', (pattern) => {
    expect(() => hostPattern(pattern)).toThrow(/^\[ERR_MUX_OPTION\] .*is no host/);
  });
});

describe('parseAuthority', () => {
  it('reads a host of 255 bytes, and none that is longer', () => {
    const host = 'a'.repeat(255);
    expect(parseAuthority(`${host}:80`)).toEqual({ host, port: 80 });
    expect(parseAuthority(`${host}a:80`)).toBeUndefined();
  });
});
