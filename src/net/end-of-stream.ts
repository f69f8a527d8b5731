import type { Duplex } from 'node:stream';

/** True once the end has arrived, be it behind bytes not read yet; 'end' comes only when they are. */
export function hasEnded(duplex: Duplex): boolean {
  // Node says so, before 'end', only here; every maintained release has it.
  return (duplex as Duplex & { readonly _readableState: { readonly ended: boolean } })._readableState.ended;
}
