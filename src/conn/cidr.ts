import ipaddr from 'ipaddr.js';
import { UsageError } from '../errors.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

// ipaddr.js also reads octal and shortened IPv4 (`010.1`, `10/8`): in a trust list a slip of the pen must not pass.
const isPlain = (host: string): boolean => host.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(host);

function parseRange(text: string): Range {
  const [host = '', bits, ...rest] = text.split('/');
  try {
    if (!isPlain(host) || rest.length > 0) throw new TypeError('not written out');
    const [address, length] = bits === undefined ? [ipaddr.parse(host), undefined] : ipaddr.parseCIDR(text);
    const whole = address.kind() === 'ipv4' ? 32 : 128;
    return unmapped(address, length ?? whole);
  } catch (cause) {
    const message = `'${text}' is neither an IP address nor a CIDR range such as '10.0.0.0/8'`;
    throw new UsageError('ERR_MUX_OPTION', message, { cause });
  }
}

/** A range of IPv4-mapped addresses as the IPv4 range that is meant. */
function unmapped(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): Range {
  const MAPPED_BITS = 96;
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_BITS) {
    return [address.toIPv4Address(), bits - MAPPED_BITS];
  }
  return [address, bits];
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
