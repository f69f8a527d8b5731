import { parseIp } from './ip-address.js';

/**
 * The one form in which hosts are compared and reported: lower case, without the dot of the DNS root. One dot is taken
 * off, at the end of the name or in front of its port. Everything that reads a host calls this; patterns do, too.
 */
export function canonicalHost(hostAndPort: string): string {
  return hostAndPort.toLowerCase().replace(/([^])\.((?::\d*)?)$/, '$1$2');
}

/** What a server name (SNI) in its canonical form is. `'unreadable'` is text that names neither a host nor an address. */
export function kindOfServerName(name: string): 'host' | 'address' | 'unreadable' {
  if (parseIp(name.replace(/^\[(.*)\]$/, '$1')) !== undefined) return 'address';
  // The last label of a domain is never a number.
  const isHost = name.length <= 253 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(name) && !/(?:^|\.)\d+$/.test(name);
  return isHost ? 'host' : 'unreadable';
}
