import { cidrTest } from '../../conn/cidr.js';
import { UsageError } from '../../errors.js';
import type { Matcher } from '../matcher.js';

/** What {@link remoteIp} tells. */
export interface RemoteIpMeta {
  /** The client's address as the connection reports it. */
  readonly address: string;
}

/**
 * Matches clients by address, without reading a byte. Behind `proxyProtocol` that is the address the trusted proxy reported.
 * A client without an address (a Unix socket) never matches.
 *
 * @param ranges - addresses and CIDR ranges, IPv4 and IPv6; an IPv4-mapped client address is tested as IPv4
 * @throws UsageError `ERR_MUX_OPTION` without a range, and for text that is none
 * @example
 * ```ts
 * conns$.pipe(sniff(allOf(remoteIp('10.0.0.0/8', 'fd00::/8'), ssh()), http1()));
 * ```
 */
export function remoteIp(...ranges: readonly string[]): Matcher<'remoteIp', RemoteIpMeta> {
  if (ranges.length === 0)
    throw new UsageError('ERR_MUX_OPTION', "remoteIp needs at least one range, such as '10.0.0.0/8'");
  const isInside = cidrTest(ranges);
  return {
    protocol: 'remoteIp',
    zeroRead: true,
    match: ({ conn: { remoteAddress } }) =>
      remoteAddress !== undefined && isInside(remoteAddress) ? { meta: { address: remoteAddress } } : 'no',
  };
}
