import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Addresses } from '../conn/conn.js';
import type { ProxyMeta } from '../conn/meta.js';

/** A PROXY header that has arrived whole. */
export interface ProxyHeader {
  /** Bytes that it takes; the next byte is the client's first. */
  readonly length: number;
  readonly meta: ProxyMeta;
}

/** What the bytes so far are: a header, the beginning of one (`'more'`), or nothing that a header may be (`'invalid'`). */
export type ProxyParse = ProxyHeader | 'more' | 'invalid';

/** An IP address. */
export type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/** Who talks to whom, as a header tells it. */
export interface ProxyEnds {
  readonly source: Ip;
  readonly sourcePort: number;
  readonly destination: Ip;
  readonly destinationPort: number;
}

/**
 * Reads an IP address. An IPv4-mapped one (`::ffff:192.0.2.1`, what a dual-stack socket reports) is the IPv4 address it
 * stands for, and a zone (`%eth0`) is left out, since it means nothing on another machine.
 */
export function ipOf(text: string): Ip {
  return ipaddr.process(text.replace(/%.*$/, ''));
}

/** The ends of a connection whose remote side is the client; `undefined` unless it has IP addresses and ports. */
export function proxyEnds({ remoteAddress, remotePort, localAddress, localPort }: Addresses): ProxyEnds | undefined {
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  if (remotePort === undefined || localPort === undefined) return undefined;
  if (isIP(remoteAddress) === 0 || isIP(localAddress) === 0) return undefined;
  return {
    source: ipOf(remoteAddress),
    sourcePort: remotePort,
    destination: ipOf(localAddress),
    destinationPort: localPort,
  };
}
