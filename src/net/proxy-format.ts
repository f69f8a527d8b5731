import type { Addresses } from '../conn/addresses.js';
import { parseIp, type Ip } from '../conn/ip-address.js';
import type { ProxyMeta } from '../conn/meta.js';

/** A PROXY header that has arrived whole. */
export interface ProxyHeader {
  /** Bytes that it takes; the next byte is the client's first. */
  readonly length: number;
  readonly meta: ProxyMeta;
}

/** What the bytes so far are: a header, the beginning of one (`'more'`), or nothing that a header may be (`'invalid'`). */
export type ProxyParse = ProxyHeader | 'more' | 'invalid';

/** Who talks to whom, as a header tells it. */
export interface ProxyEnds {
  readonly source: Ip;
  readonly sourcePort: number;
  readonly destination: Ip;
  readonly destinationPort: number;
}

/** The ends of a connection whose remote side is the client; `undefined` unless it has IP addresses and ports. */
export function proxyEnds({ remoteAddress, remotePort, localAddress, localPort }: Addresses): ProxyEnds | undefined {
  const source = parseIp(remoteAddress ?? '');
  const destination = parseIp(localAddress ?? '');
  if (source === undefined || destination === undefined) return undefined;
  if (remotePort === undefined || localPort === undefined) return undefined;
  return { source, sourcePort: remotePort, destination, destinationPort: localPort };
}
