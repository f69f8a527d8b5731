import { u16 } from '../bytes/integers.js';

/** An IP address, 4 bytes or 16. An IPv4-mapped one (`::ffff:192.0.2.1`) is always the IPv4 address it stands for. */
export type Ip = Uint8Array;

// Four decimals written out: some programs read `010.1` as octal, and `10.1` as `10.0.0.1`.
const IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const IPV6_SIGNS = /^[\da-f:.]+$/i;
// RFC 4291 §2.5.5.2
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Reads an IP address; `undefined` for any other text. A zone (`%eth0`) is left out: it means nothing on another machine. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(':') ? parseIPv6(text.replace(/%[^%]+$/, '')) : parseIPv4(text);
}

function parseIPv4(text: string): Ip | undefined {
  const numbers = IPV4.test(text) ? text.split('.').map(Number) : [];
  return numbers.length > 0 && numbers.every((number) => number <= 0xff) ? Uint8Array.from(numbers) : undefined;
}

function parseIPv6(text: string): Ip | undefined {
  if (!IPV6_SIGNS.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = [], tail = []] = canonicalIPv6(text).split('::').map(groupsOf);
  const gap = Array<number>(8 - head.length - tail.length).fill(0);
  return unmapped(Uint8Array.from([...head, ...gap, ...tail].flatMap((group) => [group >> 8, group & 0xff])));
}

const groupsOf = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));

// URLs have IPv6 addresses in any spelling, and a URL writes them as RFC 5952 §4 wants it.
const canonicalIPv6 = (text: string): string => new URL(`http://[${text}]`).hostname.slice(1, -1);

/** Writes an IP address: the canonical text of RFC 5952. */
export function formatIp(ip: Ip): string {
  if (ip.length === 4) return ip.join('.');
  return canonicalIPv6(Array.from({ length: 8 }, (_, i) => u16(ip, 2 * i).toString(16)).join(':'));
}

/** The 4 or 16 bytes of an address as the address that is meant. */
export function unmapped(bytes: Uint8Array): Ip {
  const isMapped = bytes.length === 16 && MAPPED_PREFIX.every((byte, i) => bytes[i] === byte);
  return isMapped ? bytes.subarray(MAPPED_PREFIX.length) : bytes;
}

/** The 16 bytes of an address, those of an IPv4 one mapped. */
export function mapped(ip: Ip): Uint8Array {
  return ip.length === 4 ? Uint8Array.from([...MAPPED_PREFIX, ...ip]) : ip;
}

/** The family of a valid address, as Node names it. */
export const familyOf = (address: string): 'IPv4' | 'IPv6' => (address.includes(':') ? 'IPv6' : 'IPv4');

/**
 * The key under which a client is counted: its IPv4 address, or the /64 of its IPv6 address. One host has all of a /64 (RFC 4862), so a limit
 * for each address would not limit it. Text that is no address is its own key.
 */
export function countedAs(address: string): string {
  const ip = parseIp(address);
  if (ip === undefined) return address;
  return ip.length === 4
    ? formatIp(ip)
    : `${formatIp(Uint8Array.from([...ip.subarray(0, 8), 0, 0, 0, 0, 0, 0, 0, 0]))}/64`;
}
