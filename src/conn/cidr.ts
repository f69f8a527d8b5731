import ipaddr from 'ipaddr.js';
import { UsageError } from '../errors.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseRange(text: string): Range {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch (cause) {
    throw new UsageError('ERR_MUX_OPTION', `'${text}' is neither an IP address nor a CIDR range such as '10.0.0.0/8'`, {
      cause,
    });
  }
}

/**
 * Compiles addresses and CIDR ranges into a test. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`, what a dual-stack
 * socket reports) is tested as the IPv4 address it stands for.
 *
 * @throws {@link UsageError} `ERR_MUX_OPTION` for text that is no address or range
 */
export function cidrTest(ranges: readonly string[]): (address: string | undefined) => boolean {
  const parsed = ranges.map(parseRange);
  return (address) => {
    if (address === undefined || !ipaddr.isValid(address)) return false;
    const ip = ipaddr.process(address);
    return parsed.some(([range, bits]) => range.kind() === ip.kind() && ip.match(range, bits));
  };
}
