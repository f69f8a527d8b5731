import type { Duplex } from 'node:stream';
import type { Addresses } from '../conn/addresses.js';
import { familyOf } from '../conn/ip-address.js';

/**
 * Sets addresses on the very socket, so that servers and frameworks (`req.ip`, `getPeer()`) see them, with their families
 * and `address()`. Absent ones stay.
 */
export function carryAddresses(to: Duplex, addresses: Addresses): void {
  for (const [name, value] of Object.entries(addresses)) if (value !== undefined) show(to, name, value);
  const { remoteAddress, localAddress, localPort } = addresses;
  if (remoteAddress !== undefined) show(to, 'remoteFamily', familyOf(remoteAddress));
  if (localAddress === undefined) return;
  const family = familyOf(localAddress);
  show(to, 'localFamily', family);
  show(to, 'address', () => ({ address: localAddress, family, port: localPort }));
}

function show(to: Duplex, name: string, value: unknown): void {
  Object.defineProperty(to, name, { value, configurable: true });
}

/** True for a stream whose addresses were set here, and are not those that the system tells. */
export function hasOwnAddresses(stream: Duplex): boolean {
  return Object.hasOwn(stream, 'remoteAddress') || Object.hasOwn(stream, 'localAddress');
}
