/** The addresses of both ends of a connection; an absent field leaves the present value as it is. */
export interface Addresses {
  /** IP address of the other end. */
  readonly remoteAddress?: string | undefined;
  /** Port of the other end, 0 to 65535. */
  readonly remotePort?: number | undefined;
  /** IP address of this end. */
  readonly localAddress?: string | undefined;
  /** Port of this end, 0 to 65535. */
  readonly localPort?: number | undefined;
}

/** The present addresses: a closed socket has none. */
export function addressesOf({ remoteAddress, remotePort, localAddress, localPort }: Addresses): Addresses {
  return { remoteAddress, remotePort, localAddress, localPort };
}
