import type { Addresses } from '../conn/addresses.js';
import type { ProxyTlv } from '../conn/meta.js';
import { UsageError } from '../errors.js';
import { matchPrefix } from '../sniff/matcher.js';
import { proxyEnds, type ProxyParse } from './proxy-format.js';
import { encodeProxyV1, parseProxyV1, PROXY_V1_SIGNATURE } from './proxy-v1.js';
import { encodeProxyV2, parseProxyV2, PROXY_V2_SIGNATURE } from './proxy-v2.js';

/**
 * Reads the PROXY header, of version 1 or 2, that a connection begins with; `'absent'` when its bytes begin otherwise.
 *
 * @param maxBytes - a header of version 2 that says it is longer is invalid
 * @param final - no more bytes will come: what is unfinished then is absent, or invalid once its signature is complete
 */
export function parseProxyHeader(bytes: Uint8Array, maxBytes: number, final: boolean): ProxyParse | 'absent' {
  const v1 = matchPrefix(bytes, PROXY_V1_SIGNATURE);
  const v2 = matchPrefix(bytes, PROXY_V2_SIGNATURE);
  if (v1 !== 'match' && v2 !== 'match') return final || (v1 === 'no' && v2 === 'no') ? 'absent' : 'more';
  const parse = v1 === 'match' ? parseProxyV1(bytes) : parseProxyV2(bytes, maxBytes);
  return final && parse === 'more' ? 'invalid' : parse;
}

/** Which PROXY header to write. */
export type ProxyHeaderOptions =
  | {
      /** The line of text: addresses and nothing else. */
      readonly version: 1;
    }
  | {
      /** The binary header. */
      readonly version: 2;
      /** Said beside the addresses, in this order. A checksum among them is left out: it belongs to another header. */
      readonly tlvs?: readonly ProxyTlv[];
      /** Adds a CRC32c checksum, which the receiver must check. @defaultValue false */
      readonly crc32c?: boolean;
    };

/**
 * Makes the PROXY header that tells a server who the client is (PROXY protocol §2).
 *
 * An IPv4-mapped IPv6 address is written as IPv4. For an IPv4 client of an IPv6 address, or the reverse, version 2 writes both as
 * IPv6 and version 1 has only `UNKNOWN`. A client without an IP address, such as one on a Unix socket, is described as HAProxy does it:
 * `UNKNOWN`, in version 2 `LOCAL`, since receivers refuse a `PROXY` without addresses.
 *
 * @param from - the client's connection to this program; without it the header says that this program speaks for itself, as in a
 * health check: `LOCAL`, in version 1 `UNKNOWN`
 * @throws UsageError `ERR_MUX_OPTION` for TLVs that don't fit, and another version
 * @example
 * ```ts
 * backend.write(proxyHeader(conn, { version: 2, tlvs: [{ type: 0x05, value: Buffer.from('id-1') }] }));
 * ```
 */
export function proxyHeader(from: Addresses | undefined, options: ProxyHeaderOptions): Uint8Array {
  const version: number = options.version;
  if (version !== 1 && version !== 2) {
    throw new UsageError('ERR_MUX_OPTION', `a PROXY header is of version 1 or 2, not ${version}`);
  }
  const ends = from === undefined ? undefined : proxyEnds(from);
  if (options.version === 1) return encodeProxyV1(ends);
  return encodeProxyV2(ends, options.tlvs ?? [], options.crc32c ?? false);
}
