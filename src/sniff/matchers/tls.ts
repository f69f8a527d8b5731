import { hostPattern } from '../../conn/host-name.js';
import type { TlsMeta } from '../../conn/meta.js';
import { UsageError } from '../../errors.js';
import { beginsClientHello, clientHelloReader, HANDSHAKE_RECORD, type ClientHello } from '../client-hello.js';
import type { FirstBytes, Match, Matcher, Verdict } from '../matcher.js';

/** TLS versions under the names that Node's `tls` gives them. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** What a ClientHello must say; all that is given must hold. */
export interface TlsMatcherOptions {
  /**
   * The name the client asks for (SNI), one of these: `'example.com'` in any case, `'*.example.com'` for every name
   * below it however deep but not `example.com` itself (in Unicode or as `xn--…`), a RegExp searched for in the lower-case name, or `false` for a
   * client that sends no name, or an IP address for one. A dot at the end of a name or pattern means nothing.
   */
  readonly serverName?: string | RegExp | false | readonly (string | RegExp | false)[];
  /** An application protocol the client offers, one of these, such as `'h2'` or `'postgresql'`. */
  readonly alpn?: string | readonly string[];
  /** The newest version the client offers is this or newer: `'TLSv1.3'` finds the clients that can do TLS 1.3. */
  readonly minVersion?: TlsVersion;
  /** The newest version the client offers is this or older: `'TLSv1.1'` finds the clients to turn away. */
  readonly maxVersion?: TlsVersion;
}

type HelloTest = (hello: ClientHello) => boolean;

const VERSIONS: ReadonlyMap<string, number> = new Map<TlsVersion, number>([
  ['TLSv1', 0x0301],
  ['TLSv1.1', 0x0302],
  ['TLSv1.2', 0x0303],
  ['TLSv1.3', 0x0304],
]);
// The same for every cut of the bytes: how much of the hello came with the first six must not show.
const UNREAD: Match<TlsMeta> = Object.freeze({
  meta: Object.freeze({ alpnProtocols: Object.freeze([]), versions: Object.freeze([]) }),
});

/**
 * Matches a TLS client by its ClientHello (RFC 8446 §4.1.2).
 *
 * Without options six bytes decide, and the meta is empty: `terminateTls` reads the hello anyway and tells more. With
 * options the whole hello is put together, over several records where the client sent it so, and the meta tells what
 * it offers. Under Encrypted Client Hello the name is the outer one.
 *
 * With options a hello that is malformed, longer than `maxBytes` of the sniffer, or asks for a name that no host has matches
 * nothing, not even `serverName: false`, which is for clients that ask for no name.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a `*` elsewhere than in front, a name that has no ASCII form, or an unknown version
 * @example
 * ```ts
 * const { shop, rest } = partitionByProtocol(conns$, { shop: tls({ serverName: '*.shop.example' }), rest: tls() });
 * shop.subscribe(proxyTo({ host: '10.0.0.7', port: 443 }));
 * ```
 */
export function tls(options: TlsMatcherOptions = {}): Matcher<'tls', TlsMeta> {
  const tests = helloTests(options);
  const match = tests.length === 0 ? matchBeginning : (first: FirstBytes) => matchHello(first, tests);
  return { protocol: 'tls', firstBytes: [HANDSHAKE_RECORD], match };
}

function matchBeginning({ bytes }: FirstBytes): Verdict<TlsMeta> {
  const verdict = beginsClientHello(bytes);
  return verdict === 'match' ? UNREAD : verdict;
}

function matchHello(first: FirstBytes, tests: readonly HelloTest[]): Verdict<TlsMeta> {
  const hello = first.parser(clientHelloReader).read(first.bytes);
  if (typeof hello === 'object') return tests.every((test) => test(hello)) ? { meta: hello } : 'no';
  if (hello === 'more') return 'more';
  return beginsClientHello(first.bytes) === 'match' ? 'unreadable' : 'no';
}

function helloTests({ serverName, alpn, minVersion, maxVersion }: TlsMatcherOptions): HelloTest[] {
  const tests: HelloTest[] = [];
  if (serverName !== undefined) tests.push(serverNameTest([serverName].flat()));
  if (alpn !== undefined) tests.push(alpnTest([alpn].flat()));
  if (minVersion !== undefined) tests.push(newestVersionTest(versionNumber(minVersion), Infinity));
  if (maxVersion !== undefined) tests.push(newestVersionTest(0, versionNumber(maxVersion)));
  return tests;
}

function alpnTest(wanted: readonly string[]): HelloTest {
  return ({ alpnProtocols }) => alpnProtocols.some((offered) => wanted.includes(offered));
}

function serverNameTest(patterns: readonly (string | RegExp | false)[]): HelloTest {
  const wantsNone = patterns.includes(false);
  const tests = patterns.filter((pattern) => pattern !== false).map((pattern) => nameTest(pattern));
  return ({ serverName }) => (serverName === undefined ? wantsNone : tests.some((test) => test(serverName)));
}

function nameTest(pattern: string | RegExp): (name: string) => boolean {
  // `search`, unlike `test`, neither reads nor moves the lastIndex of a global or sticky RegExp.
  if (pattern instanceof RegExp) return (name) => name.search(pattern) >= 0;
  const wanted = hostPattern(pattern);
  const suffix = wanted.startsWith('*.') ? wanted.slice(1) : undefined;
  if ((suffix ?? wanted).includes('*')) {
    const text = `'${pattern}' is no server name: write 'example.com', '*.example.com' or a RegExp`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  return suffix === undefined ? (name) => name === wanted : (name) => name.endsWith(suffix);
}

function versionNumber(version: TlsVersion): number {
  const number = VERSIONS.get(version);
  if (number !== undefined) return number;
  throw new UsageError('ERR_MUX_OPTION', `'${version}' is no TLS version: write ${[...VERSIONS.keys()].join(', ')}`);
}

function newestVersionTest(min: number, max: number): HelloTest {
  return ({ versions }) => {
    const newest = Math.max(...versions);
    return newest >= min && newest <= max;
  };
}
