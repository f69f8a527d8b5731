import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * The highest descriptor that this process may have; Infinity where the system does not tell (it does on Linux). Whatever takes it has left no
 * other free, since the system gives the lowest that is.
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
