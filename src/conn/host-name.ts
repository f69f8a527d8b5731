import { UsageError } from '../errors.js';
import { parseIp } from './ip-address.js';

/** Longest host that is looked at, in bytes: a DNS name has 253 at most. */
const MAX_HOST_BYTES = 255;
const MAX_PORT = 0xffff;

const HOST_AND_PORT = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]\\,]+)(?::(\d{0,5}))?$/i;

/** Host and port of a `Host` field or of an authority. */
export interface Authority {
  /** Lower-case and without a dot at its end; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** `undefined` where none is named. */
  readonly port: number | undefined;
}

/**
 * The one form in which hosts are compared and reported: lower case, without the dot of the DNS root. One dot is taken
 * off, at the end of the name or in front of its port. Everything that reads a host calls this; patterns go through {@link hostPattern}.
 */
export function canonicalHost(hostAndPort: string): string {
  return hostAndPort.toLowerCase().replace(/([^])\.((?::\d*)?)$/, '$1$2');
}

/**
 * The canonical form of a host that a program wants to see. A name in Unicode becomes its ASCII form (`xn--…`), which is what clients send.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a name that has no ASCII form
 */
export function hostPattern(hostAndPort: string): string {
  const [, host = '', port = ''] = /^(.*?)((?::\d*)?)$/s.exec(hostAndPort) ?? [];
  // URL reads more than names into plain ASCII: hexadecimal addresses, for one.
  if (!/[^\0-\x7f]/.test(host)) return canonicalHost(hostAndPort);
  const ascii = asciiHost(host);
  if (ascii === undefined)
    throw new UsageError('ERR_MUX_OPTION', `'${hostAndPort}' is no host: it has no ASCII form (IDNA)`);
  return canonicalHost(ascii + port);
}

function asciiHost(host: string): string | undefined {
  if (!URL.canParse(`http://${host}`)) return undefined;
  const { href, hostname } = new URL(`http://${host}`);
  return href === `http://${hostname}/` ? hostname : undefined;
}

/** What a server name (SNI) in its canonical form is. `'unreadable'` is text that names neither a host nor an address. */
export function kindOfServerName(name: string): 'host' | 'address' | 'unreadable' {
  if (parseIp(name.replace(/^\[(.*)\]$/, '$1')) !== undefined) return 'address';
  // The last label of a domain is never a number.
  const isHost = name.length <= 253 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(name) && !/(?:^|\.)\d+$/.test(name);
  return isHost ? 'host' : 'unreadable';
}

/** Reads `host[:port]`; `undefined` for anything else, user names included (RFC 9110 §4.2.4). */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  if (host === undefined || host.length > MAX_HOST_BYTES || Number(port) > MAX_PORT) return undefined;
  return { host: canonicalHost(host), port: port ? Number(port) : undefined };
}
