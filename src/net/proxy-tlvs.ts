import { u16 } from '../bytes/integers.js';
import { canonicalHost } from '../conn/host-name.js';
import type { ProxyTlv } from '../conn/meta.js';
import { UsageError } from '../errors.js';

/** What a proxy says of the TLS connection that the client made to it. */
export interface ProxySsl {
  /** True when the client presented a certificate and the proxy verified it. */
  readonly verified: boolean;
  /** Such as `TLSv1.3`. */
  readonly version: string | undefined;
  /** Common name of the client's certificate; worth nothing unless `verified`. */
  readonly commonName: string | undefined;
  /** Such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string | undefined;
}

/** The well-known TLVs, read; `undefined` where none was sent or its value breaks its format. */
export interface ProxyTlvs {
  /** Protocol that the client speaks, by its ALPN name, such as `h2`. */
  readonly alpn: string | undefined;
  /** Host name that the client asked for: SNI, for a TLS client; lower-case and without a dot at its end. */
  readonly authority: string | undefined;
  /** The proxy's own id of this connection, at most 128 bytes. */
  readonly uniqueId: Uint8Array | undefined;
  /** Given when the client spoke TLS to the proxy. */
  readonly ssl: ProxySsl | undefined;
  /** The AWS VPC endpoint that the client came through. */
  readonly awsVpceId: string | undefined;
  /** The connection id of Google Cloud Private Service Connect. */
  readonly gcpPscId: bigint | undefined;
  /** The link id of the Azure private endpoint. */
  readonly azureLinkId: number | undefined;
}

const UTF8 = new TextDecoder();
const TO_UTF8 = new TextEncoder();
const MAX_UNIQUE_ID = 128;
// A client byte and a verify word come before the TLVs of the SSL TLV.
const SSL_HEAD = 5;
const CLIENT_SPOKE_TLS = 0x01;
// Now, or earlier in this TLS session.
const CLIENT_SENT_CERTIFICATE = 0x02 | 0x04;
// AWS and Azure put a kind in front; this is the only one there is.
const ID_KIND = 0x01;

/** Cuts bytes into TLVs, whose values stay parts of `bytes`; `undefined` when the last one does not end where they end. */
export function parseTlvs(bytes: Uint8Array): readonly ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  let at = 0;
  while (at + 3 <= bytes.length) {
    const end = at + 3 + u16(bytes, at + 1);
    tlvs.push({ type: bytes[at] ?? 0, value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return at === bytes.length ? tlvs : undefined;
}

/** @throws UsageError `ERR_MUX_OPTION` for a type that is no byte, or a value over 65,535 bytes */
export function encodeTlv({ type, value }: ProxyTlv): readonly number[] {
  if (!Number.isInteger(type) || type < 0 || type > 255 || value.length > 0xffff) {
    const text = `a TLV has a type from 0 to 255, not ${type}, and at most 65535 bytes, not ${value.length}`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  return [type, value.length >> 8, value.length & 0xff, ...value];
}

/**
 * Makes TLVs for a PROXY header: facts for a backend about a client whose TLS is terminated here, or read by `tls()`.
 * Those left out, or `undefined`, are not sent.
 *
 * @throws UsageError `ERR_MUX_OPTION` for a `uniqueId` of more than 128 bytes
 * @example
 * ```ts
 * const tlvsOf = ({ meta }: Conn) => encodeProxyTlvs({ authority: meta.tls?.serverName, alpn: meta.tls?.alpn });
 * conns$.subscribe(proxyTo({ port: 8080 }, { header: (conn) => ({ version: 2, tlvs: tlvsOf(conn) }) }));
 * ```
 */
export function encodeProxyTlvs({
  alpn,
  authority,
  uniqueId,
}: Partial<Pick<ProxyTlvs, 'alpn' | 'authority' | 'uniqueId'>>): ProxyTlv[] {
  if (uniqueId !== undefined && uniqueId.length > MAX_UNIQUE_ID) {
    const text = `the unique id in a PROXY header has at most ${MAX_UNIQUE_ID} bytes, not ${uniqueId.length}`;
    throw new UsageError('ERR_MUX_OPTION', text);
  }
  const values = [
    { type: 0x01, value: alpn === undefined ? undefined : TO_UTF8.encode(alpn) },
    { type: 0x02, value: authority === undefined ? undefined : TO_UTF8.encode(authority) },
    { type: 0x05, value: uniqueId },
  ];
  return values.flatMap(({ type, value }) => (value === undefined ? [] : [{ type, value }]));
}

/**
 * Reads the well-known TLVs of a PROXY header: those of the protocol itself (§2.2) and of AWS, Google Cloud and Azure. The
 * first of a type counts. For any other type look into `tlvs` yourself.
 *
 * @param tlvs - `conn.meta.proxy.tlvs`
 * @example
 * ```ts
 * conns$.pipe(proxyProtocol({ trust: ['10.0.0.0/8'] })).subscribe((conn) => {
 *   const { authority, awsVpceId } = decodeProxyTlvs(conn.meta.proxy?.tlvs ?? []);
 * });
 * ```
 */
export function decodeProxyTlvs(tlvs: readonly ProxyTlv[]): ProxyTlvs {
  const authority = textOf(valueOf(tlvs, 0x02));
  const uniqueId = valueOf(tlvs, 0x05);
  const gcp = valueOf(tlvs, 0xe0);
  const azure = idOf(valueOf(tlvs, 0xee));
  return {
    alpn: textOf(valueOf(tlvs, 0x01)),
    authority: authority === undefined ? undefined : canonicalHost(authority),
    uniqueId: uniqueId === undefined || uniqueId.length > MAX_UNIQUE_ID ? undefined : uniqueId,
    ssl: sslOf(valueOf(tlvs, 0x20)),
    awsVpceId: textOf(idOf(valueOf(tlvs, 0xea))),
    gcpPscId: gcp?.length === 8 ? viewOf(gcp).getBigUint64(0) : undefined,
    azureLinkId: azure?.length === 4 ? viewOf(azure).getUint32(0, true) : undefined,
  };
}

function valueOf(tlvs: readonly ProxyTlv[], type: number): Uint8Array | undefined {
  return tlvs.find((tlv) => tlv.type === type)?.value;
}

function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : UTF8.decode(value);
}

function idOf(value: Uint8Array | undefined): Uint8Array | undefined {
  return value?.[0] === ID_KIND ? value.subarray(1) : undefined;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function sslOf(value: Uint8Array | undefined): ProxySsl | undefined {
  if (value === undefined || value.length < SSL_HEAD) return undefined;
  const client = value[0] ?? 0;
  const tlvs = parseTlvs(value.subarray(SSL_HEAD));
  if ((client & CLIENT_SPOKE_TLS) === 0 || tlvs === undefined) return undefined;
  return {
    // HAProxy's verify word is 0, as if verified, for a client without a certificate too.
    verified: (client & CLIENT_SENT_CERTIFICATE) !== 0 && viewOf(value).getUint32(1) === 0,
    version: textOf(valueOf(tlvs, 0x21)),
    commonName: textOf(valueOf(tlvs, 0x22)),
    cipher: textOf(valueOf(tlvs, 0x23)),
  };
}
