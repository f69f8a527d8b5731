import { UsageError } from '../errors.js';
import { parseIp, type Ip } from './ip-address.js';

interface Range {
  readonly network: Ip;
  /** How many of its first bits count. */
  readonly bits: number;
}

const RANGE = /^([^/]+)(?:\/(\d+))?$/;

function parseRange(text: string): Range {
  const [, host = '', length] = RANGE.exec(text) ?? [];
  const network = parseIp(host);
  const whole = 8 * (network?.length ?? 0);
  const written = host.includes(':') ? 128 : 32;
  // Of an IPv4-mapped range the first 96 bits are the mapping; one that leaves some of them open is a slip of the pen.
  const bits = Number(length ?? written) - (written - whole);
  if (network === undefined || bits < 0 || bits > whole) {
    const message = `'${text}' is neither an IP address nor a CIDR range such as '10.0.0.0/8'`;
    throw new UsageError('ERR_MUX_OPTION', message);
  }
  return { network, bits };
}

function holds({ network, bits }: Range, ip: Ip): boolean {
  if (network.length !== ip.length) return false;
  return network.every((byte, i) => {
    const free = Math.min(Math.max(8 * (i + 1) - bits, 0), 8);
    return (byte ^ (ip[i] ?? 0)) >> free === 0;
  });
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
    const ip = parseIp(address ?? '');
    return ip !== undefined && parsed.some((range) => holds(range, ip));
  };
}
