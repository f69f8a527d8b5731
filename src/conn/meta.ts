/** What a terminated or sniffed TLS layer says of itself; see `tls` and `terminateTls`. */
export interface TlsMeta {
  /** Server name the client asked for (SNI), lower-case and without a dot at its end; absent when it sent none, or an IP address. */
  readonly serverName?: string;
  /** Protocols the client offered (ALPN), in its order; empty unless `tls` had options. */
  readonly alpnProtocols: readonly string[];
  /** Versions the client offered, as on the wire (0x0304 = TLS 1.3), GREASE removed; empty like `alpnProtocols`. */
  readonly versions: readonly number[];
  /** The negotiated application protocol; only after `terminateTls`. */
  readonly alpn?: string;
  /** The negotiated version, e.g. `TLSv1.3`; only after `terminateTls`. */
  readonly version?: string;
  /** True when the client sent a certificate and it was verified; only after `terminateTls`. */
  readonly authorized?: boolean;
}

/** One type-length-value of a PROXY v2 header. */
export interface ProxyTlv {
  /** What it tells, 0 to 255; `decodeProxyTlvs` reads the well-known ones. */
  readonly type: number;
  /** At most 65535 bytes. */
  readonly value: Uint8Array;
}

/** What a PROXY protocol header said; see `proxyProtocol`. */
export interface ProxyMeta {
  /** Version of the header: 1 is text, 2 binary. */
  readonly version: 1 | 2;
  /** `local` = the proxy itself speaks (health check): addresses are the real ones. */
  readonly command: 'proxy' | 'local';
  /** The client's IP address, or path of its Unix socket; absent for `local` and when unknown. */
  readonly sourceAddress?: string;
  /** The client's port, 0 to 65535; absent unless `sourceAddress` is an IP address. */
  readonly sourcePort?: number;
  /** The IP address that the client reached the proxy at, or a path; absent like `sourceAddress`. */
  readonly destinationAddress?: string;
  /** The port that the client reached the proxy at; absent like `sourcePort`. */
  readonly destinationPort?: number;
  /** TLVs of version 2, in order, NOOPs included; empty for version 1 and for `local`. */
  readonly tlvs: readonly ProxyTlv[];
}

/** What the stages before learned about a connection, by protocol name. */
export interface ConnMeta {
  /** From `tls` and `terminateTls`; absent before them. */
  readonly tls?: TlsMeta;
  /** From `proxyProtocol`; absent for a connection without a header. */
  readonly proxy?: ProxyMeta;
  /** The facts that a matcher found, by the name of its protocol. */
  readonly [protocol: string]: unknown;
}
