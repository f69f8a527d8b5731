import { u16 } from '../bytes/integers.js';
import { formatIp, mapped, unmapped, type Ip } from '../conn/ip-address.js';
import type { ProxyMeta, ProxyTlv } from '../conn/meta.js';
import { UsageError } from '../errors.js';
import { crc32c } from './crc32c.js';
import type { ProxyEnds, ProxyParse } from './proxy-format.js';
import { encodeTlv, parseTlvs } from './proxy-tlvs.js';

/** How a header of version 2 begins. */
export const PROXY_V2_SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

const HEAD_LENGTH = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPEC = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

// By family and transport: nothing, TCP and UDP over IPv4 and IPv6, Unix stream and datagram. Others must be refused.
const ADDRESS_LENGTHS: ReadonlyMap<number, number> = new Map([
  [UNSPEC, 0],
  [TCP4, 12],
  [0x12, 12],
  [TCP6, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);

const CRC32C = 0x03;
const CRC32C_LENGTH = 4;
const UTF8 = new TextDecoder();

/**
 * Reads a header of version 2 (PROXY protocol §2.2). Of a LOCAL one nothing counts but its length, as the protocol demands.
 * The addresses of Unix sockets come as paths without ports, empty for an unnamed socket.
 *
 * @param bytes - begin with {@link PROXY_V2_SIGNATURE}
 * @param maxBytes - a header that says it is longer is invalid
 */
export function parseProxyV2(bytes: Uint8Array, maxBytes: number): ProxyParse {
  if (bytes.length < HEAD_LENGTH) return 'more';
  const command = bytes[12];
  const length = HEAD_LENGTH + u16(bytes, 14);
  if ((command !== LOCAL && command !== PROXY) || length > maxBytes) return 'invalid';
  const addressLength = command === LOCAL ? 0 : ADDRESS_LENGTHS.get(bytes[13] ?? 0);
  if (addressLength === undefined || length < HEAD_LENGTH + addressLength) return 'invalid';
  if (bytes.length < length) return 'more';
  if (command === LOCAL) return { length, meta: { version: 2, command: 'local', tlvs: [] } };

  // The TLVs are kept: they must not keep, or change with, the buffer they came in. (`slice` copies nothing of a Buffer.)
  const header = new Uint8Array(bytes.subarray(0, length));
  const tlvs = parseTlvs(header.subarray(HEAD_LENGTH + addressLength));
  if (tlvs === undefined || !isIntact(header, tlvs)) return 'invalid';
  return { length, meta: { version: 2, command: 'proxy', ...addresses(header), tlvs } };
}

function isIntact(header: Uint8Array, tlvs: readonly ProxyTlv[]): boolean {
  const told = tlvs.find(({ type }) => type === CRC32C)?.value;
  if (told === undefined) return true;
  if (told.length !== CRC32C_LENGTH) return false;
  const zeroed = new Uint8Array(header);
  zeroed.fill(0, told.byteOffset, told.byteOffset + CRC32C_LENGTH);
  return crc32c(zeroed) === u16(told, 0) * 0x1_0000 + u16(told, 2);
}

type ProxyAddresses = Pick<ProxyMeta, 'sourceAddress' | 'sourcePort' | 'destinationAddress' | 'destinationPort'>;

function addresses(header: Uint8Array): ProxyAddresses {
  switch ((header[13] ?? 0) >> 4) {
    case 1:
      return ipAddresses(header, 4);
    case 2:
      return ipAddresses(header, 16);
    case 3:
      return { sourceAddress: path(header.subarray(16, 124)), destinationAddress: path(header.subarray(124, 232)) };
    default:
      return {};
  }
}

function ipAddresses(header: Uint8Array, size: 4 | 16): ProxyAddresses {
  const [source, destination, ports] = [HEAD_LENGTH, HEAD_LENGTH + size, HEAD_LENGTH + 2 * size];
  return {
    sourceAddress: formatIp(unmapped(header.subarray(source, destination))),
    sourcePort: u16(header, ports),
    destinationAddress: formatIp(unmapped(header.subarray(destination, ports))),
    destinationPort: u16(header, ports + 2),
  };
}

function path(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return UTF8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/**
 * Writes a header of version 2: LOCAL without ends. Ends of two families are both written as IPv6, the IPv4 one mapped. A
 * checksum among the TLVs belongs to the header they came from and is left out.
 *
 * @param hasCrc32c - adds a checksum
 * @throws UsageError `ERR_MUX_OPTION` for TLVs that don't fit
 */
export function encodeProxyV2(ends: ProxyEnds | undefined, tlvs: readonly ProxyTlv[], hasCrc32c: boolean): Uint8Array {
  const [command, family, block] = ends === undefined ? [LOCAL, UNSPEC, []] : [PROXY, ...addressBlock(ends)];
  const told = tlvs.filter(({ type }) => type !== CRC32C);
  if (hasCrc32c) told.push({ type: CRC32C, value: new Uint8Array(CRC32C_LENGTH) });
  const body = [...block, ...told.flatMap(encodeTlv)];
  if (body.length > 0xffff) {
    throw new UsageError(
      'ERR_MUX_OPTION',
      `a PROXY header has at most 65535 bytes of addresses and TLVs, not ${body.length}`,
    );
  }
  const header = Uint8Array.from([...PROXY_V2_SIGNATURE, command, family, ...u16Bytes(body.length), ...body]);
  if (hasCrc32c) new DataView(header.buffer).setUint32(header.length - CRC32C_LENGTH, crc32c(header));
  return header;
}

function addressBlock({ source, destination, sourcePort, destinationPort }: ProxyEnds): [number, number[]] {
  const isIPv4 = source.length === 4 && destination.length === 4;
  const bytesOf = (ip: Ip): Uint8Array => (isIPv4 ? ip : mapped(ip));
  const ports = [...u16Bytes(sourcePort), ...u16Bytes(destinationPort)];
  return [isIPv4 ? TCP4 : TCP6, [...bytesOf(source), ...bytesOf(destination), ...ports]];
}

function u16Bytes(value: number): readonly [number, number] {
  return [value >> 8, value & 0xff];
}
