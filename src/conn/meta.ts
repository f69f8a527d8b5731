/** What a terminated or sniffed TLS layer says of itself; see `tls` and `terminateTls`. */
export interface TlsMeta {
  /** Server name the client asked for (SNI), lower-case; absent when it sent none. */
  readonly serverName?: string;
  /** Protocols the client offered, in its order. */
  readonly alpnProtocols: readonly string[];
  /** Versions the client offered, as on the wire (0x0304 = TLS 1.3), GREASE removed. */
  readonly versions: readonly number[];
  /** The negotiated application protocol; only after `terminateTls`. */
  readonly alpn?: string;
  /** The negotiated version, e.g. `TLSv1.3`; only after `terminateTls`. */
  readonly version?: string;
  /** Whether the client's certificate was verified; only after `terminateTls`. */
  readonly authorized?: boolean;
}

/** One type-length-value of a PROXY v2 header. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** What a PROXY protocol header said; see `proxyProtocol`. */
export interface ProxyMeta {
  readonly version: 1 | 2;
  /** `local` = the proxy itself speaks (health check): addresses are the real ones. */
  readonly command: 'proxy' | 'local';
  readonly sourceAddress?: string;
  readonly sourcePort?: number;
  readonly destinationAddress?: string;
  readonly destinationPort?: number;
  /** TLVs of version 2, in order, NOOPs included; empty for version 1. */
  readonly tlvs: readonly ProxyTlv[];
}

/** What the stages before learned about a connection, by protocol name. */
export interface ConnMeta {
  readonly tls?: TlsMeta;
  readonly proxy?: ProxyMeta;
  readonly [protocol: string]: unknown;
}
