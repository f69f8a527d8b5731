import { describe, expect, it } from '@jest/globals';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { allOf } from '../../../src/sniff/matchers/all-of.js';
import { not } from '../../../src/sniff/matchers/not.js';
import { tls, type TlsMatcherOptions, type TlsVersion } from '../../../src/sniff/matchers/tls.js';
import { byteByByte, feed, isMatch, matcherContract, somewhere } from '../../conformance/matcher-contract.js';
import { binaryFlights, binaryFlightsBesides, hex } from '../../vectors/binary.js';
import {
  alpn,
  clientHello,
  extension,
  inRecords,
  inTinyRecords,
  keyShare,
  serverName,
  supportedVersions,
} from '../../vectors/client-hello.js';
import { flightsBesides } from '../../vectors/text-and-simple.js';

const shop = clientHello({ extensions: [keyShare(), serverName('Eu.Shop.Example'), alpn('h2', 'http/1.1')].flat() });
const others = [
  ...binaryFlightsBesides('tls'),
  // A ClientHello that ends after 11 bytes is among them, so these are for matchers that want it whole.
  ...flightsBesides('ssh').filter(({ name }) => !name.includes('ClientHello')),
];
const helloOf = (...extensions: number[][]) => inRecords(clientHello({ extensions: extensions.flat() }));
const matches = (matcher: ReturnType<typeof tls>, bytes: Uint8Array) => isMatch(feed(matcher, [bytes], true));

matcherContract('tls', tls(), {
  yes: [
    ...binaryFlights.tls,
    { name: 'case 45: a hello of 1.7 KiB', bytes: inRecords(shop) },
    { name: 'case 46: a record of one byte', bytes: inRecords(shop.slice(0, 60), 1) },
    { name: 'case 47: SSL 3.0 in the record', bytes: hex('16 0300 0040 01') },
    { name: 'the beginning of a longer hello', bytes: hex('16 0301 0200 01 0001fc 0303') },
  ],
  no: others,
});

matcherContract('tls with options', tls({ serverName: /./, minVersion: 'TLSv1' }), {
  yes: [
    { name: 'a name and a post-quantum key', bytes: inRecords(shop) },
    { name: 'case 46: tiny records', bytes: inTinyRecords(clientHello({ extensions: serverName('a.example') })) },
    { name: 'early data behind', bytes: Uint8Array.of(...helloOf(serverName('b.example')), 0x17, 3, 3, 0, 1, 0) },
    ...binaryFlights.tls.filter((_, i) => [0, 2, 3].includes(i)),
  ],
  no: [
    ...others,
    { name: 'case 47: no server name', bytes: helloOf(alpn('h2')) },
    { name: 'case 47: an IP address for a name', bytes: helloOf(serverName('192.0.2.1')) },
    { name: 'case 47: a list longer than the hello', bytes: inRecords(clientHello({ extensions: [0, 0, 0, 9] })) },
    { name: 'SSL 3.0 only', bytes: inRecords(clientHello({ legacyVersion: 0x0300 })) },
    { name: 'a hello that never ends', bytes: helloOf(serverName('a.example')).subarray(0, -1) },
  ],
});

describe('tls', () => {
  it('is sure after six bytes, and tells the same however many follow', () => {
    const bytes = inRecords(shop);
    expect(feed(tls(), [bytes.subarray(0, 5)])).toBe('more');
    expect(feed(tls(), [bytes.subarray(0, 6)])).toEqual({ meta: { alpnProtocols: [], versions: [] } });
    expect(feed(tls(), [bytes])).toEqual({ meta: { alpnProtocols: [], versions: [] } });
  });

  it('tells the whole offer once an option is given', () => {
    expect(feed(tls({ alpn: 'h2' }), byteByByte(inRecords(shop, 1, 100)))).toEqual({
      meta: { serverName: 'eu.shop.example', alpnProtocols: ['h2', 'http/1.1'], versions: [0x0303] },
    });
  });

  it('reads the hello of a connection once for all matchers', () => {
    const held = new HeldBytes(somewhere);
    held.append(inRecords(shop));
    const [one, two] = [tls({ serverName: /shop/ }).match(held), tls({ alpn: 'h2' }).match(held)];
    expect(isMatch(one) && isMatch(two) && one).toEqual(two);
    expect(typeof one === 'object' && typeof two === 'object' && one.meta === two.meta).toBe(true);
  });
});

describe('the option serverName', () => {
  it.each<[string, TlsMatcherOptions['serverName'], boolean]>([
    ['shop.example', 'shop.example', true],
    ['SHOP.example', 'Shop.Example', true],
    ['shop.example', 'example', false],
    ['shop.example', '*.example', true],
    ['a.b.shop.example', '*.Example', true],
    ['example', '*.example', false],
    ['shop-example', '*.example', false],
    ['shop.example', ['other.example', '*.shop.example', /^shop/], true],
    ['shop.example', [], false],
    ['shop.example', /^shop\.(?:example|test)$/, true],
    ['SHOP.example', /SHOP/, false],
    ['shop.example.', 'shop.example', true],
    ['shop.example', 'Shop.Example.', true],
    ['eu.shop.example.', '*.shop.example', true],
    ['eu.shop.example', '*.shop.example.', true],
    ['shop.example.', /example$/, true],
    ['shop.example', false, false],
    ['shop.example', [false, 'shop.example'], true],
  ])('asked for %s, looks for %p: %p', (name, wanted, expected) => {
    expect(matches(tls(wanted === undefined ? {} : { serverName: wanted }), helloOf(serverName(name)))).toBe(expected);
  });

  describe.each<[string, ReturnType<typeof tls>]>([
    ['serverName: false', tls({ serverName: false })],
    ['not any name', allOf(tls(), not(tls({ serverName: /(?:)/ })), tls())],
  ])('for clients without a name: %s', (_, nameless) => {
    it('takes those that send none, or an address', () => {
      expect(matches(nameless, helloOf())).toBe(true);
      expect(matches(nameless, helloOf(serverName('192.0.2.1')))).toBe(true);
    });

    it.each<[string, Uint8Array]>([
      ['a name', helloOf(serverName('shop.example'))],
      ['a name with a dot at its end', helloOf(serverName('shop.example.'))],
      ['a name with NUL', helloOf(serverName('shop.example\0.evil.example'))],
      ['a name that no host has', helloOf(serverName('a b'))],
      ['a name that is too long', helloOf(serverName('a.'.repeat(200)))],
      ['two names', helloOf(serverName('a.example'), serverName('b.example'))],
      ['a malformed hello', inRecords(clientHello({ extensions: undefined, tail: [0, 9, 0] }))],
      ['a hello that is cut off', helloOf(keyShare(5000)).subarray(0, 3000)],
    ])('takes none with %s', (_name, bytes) => {
      expect(matches(nameless, bytes)).toBe(false);
      expect(isMatch(feed(nameless, byteByByte(bytes), true))).toBe(false);
    });
  });

  it('matches nothing without a name', () => {
    expect(matches(tls({ serverName: /(?:)/ }), helloOf())).toBe(false);
  });

  it.each(['g', 'y'])('neither heeds nor moves the lastIndex of a RegExp with the flag %s', (flag) => {
    const pattern = new RegExp('shop', flag);
    pattern.lastIndex = 2;
    const matcher = tls({ serverName: pattern });
    for (let i = 0; i < 3; i++) expect(matches(matcher, helloOf(serverName('shop.example')))).toBe(true);
    expect(pattern.lastIndex).toBe(2);
  });

  it.each(['*', 'a.*.example', '*shop.example', '*.*.example'])('can not be %s', (wanted) => {
    expect(() => tls({ serverName: wanted })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

describe('the option alpn', () => {
  it.each<[string | readonly string[], boolean]>([
    ['h2', true],
    ['h', false],
    ['h2c', false],
    [['h3', 'http/1.1'], true],
    [['h3'], false],
  ])('looks for %j: %p', (wanted, expected) => {
    expect(matches(tls({ alpn: wanted }), helloOf(alpn('h2', 'http/1.1')))).toBe(expected);
  });

  it('must hold together with the name', () => {
    const matcher = tls({ serverName: 'a.example', alpn: 'postgresql' });
    expect(matches(matcher, helloOf(serverName('a.example'), alpn('postgresql')))).toBe(true);
    expect(matches(matcher, helloOf(serverName('a.example'), alpn('h2')))).toBe(false);
    expect(matches(matcher, helloOf(serverName('b.example'), alpn('postgresql')))).toBe(false);
  });
});

describe('the options minVersion and maxVersion', () => {
  const modern = helloOf(supportedVersions(0x3a3a, 0x0304, 0x0303));
  const old = helloOf();
  const ancient = inRecords(clientHello({ legacyVersion: 0x0300, extensions: undefined }));

  it.each<[string, Uint8Array, { minVersion?: TlsVersion; maxVersion?: TlsVersion }, boolean]>([
    ['case 47: TLS 1.3 with a record of 1.0', modern, { minVersion: 'TLSv1.3' }, true],
    ['TLS 1.3', modern, { minVersion: 'TLSv1.2' }, true],
    ['TLS 1.3', modern, { maxVersion: 'TLSv1.2' }, false],
    ['TLS 1.3', modern, { maxVersion: 'TLSv1.3' }, true],
    ['TLS 1.2', old, { minVersion: 'TLSv1.3' }, false],
    ['TLS 1.2', old, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, true],
    ['TLS 1.2', old, { maxVersion: 'TLSv1.1' }, false],
    ['SSL 3.0', ancient, { maxVersion: 'TLSv1' }, true],
    ['SSL 3.0', ancient, { minVersion: 'TLSv1' }, false],
    ['nothing but GREASE', helloOf(supportedVersions(0x0a0a)), { maxVersion: 'TLSv1.3' }, false],
  ])('see in %s the newest version', (_, bytes, options, expected) => {
    expect(matches(tls(options), bytes)).toBe(expected);
  });

  it('can not be an unknown version', () => {
    const options = { minVersion: 'TLSv1.4' as TlsVersion };
    expect(() => tls(options)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

it('a hello with an extension of no meaning is matched like any other', () => {
  expect(matches(tls({ alpn: 'h2' }), helloOf(extension(0xfe0d, [0, 1, 2]), alpn('h2')))).toBe(true);
});
