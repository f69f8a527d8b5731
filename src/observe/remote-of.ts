import type { Conn } from '../conn/conn.js';

/** `address:port` of the other end; `unix:` on a Unix socket, `unknown:` where the peer was gone before it was accepted. */
export function remoteOf({ remoteAddress, remotePort, localAddress }: Conn): string {
  return `${remoteAddress ?? (localAddress === undefined ? 'unix' : 'unknown')}:${remotePort ?? ''}`;
}
