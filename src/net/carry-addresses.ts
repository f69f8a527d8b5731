import type { Duplex } from 'node:stream';
import type { Addresses } from '../conn/conn.js';

/** Sets addresses on the very socket, so that servers and frameworks (`req.ip`, `getPeer()`) see them; absent ones stay. */
export function carryAddresses(to: Duplex, addresses: Addresses): void {
  for (const [name, value] of Object.entries(addresses)) {
    if (value !== undefined) Object.defineProperty(to, name, { value, configurable: true });
  }
}

/** True for a stream whose addresses were set here, and are not those that the system tells. */
export function hasOwnAddresses(stream: Duplex): boolean {
  return Object.hasOwn(stream, 'remoteAddress') || Object.hasOwn(stream, 'localAddress');
}
