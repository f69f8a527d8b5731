import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * The highest descriptor that this process may have; Infinity where the system does not report it (Linux does). A socket that gets it
 * has the last free one, since the system always gives the lowest.
 */
export function lastDescriptor(): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return Number(limit ?? Infinity) - 1;
  } catch {
    return Infinity;
  }
}

/** The descriptor of a socket. */
export function descriptorOf(socket: Socket & { readonly _handle?: { readonly fd?: number } | null }): number {
  return socket._handle?.fd ?? -1;
}
