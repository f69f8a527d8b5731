import { MuxError, UsageError } from '../errors.js';

/** A chunk of this size costs less to wait for than to copy. */
export const LENT_BYTES = 16_384;

/** True if a chunk whose writer wants its buffer back is sent by reference. Otherwise a copy is sent, and the writer need not wait. */
export const isLent = (chunk: Uint8Array): boolean => chunk.length >= LENT_BYTES;

/** Called once the bytes of a write have left or, with an error, never will. The same as Node's own. */
export type WriteDone = (error?: Error | null) => void;

/** The error of a write whose bytes never leave. */
export const neverSent = (): MuxError => new MuxError('ERR_MUX_CLOSED', 'the connection ended before this was sent');

// In JavaScript no compiler refuses a string, and a session would send zeros for it.
export function checkBytes(chunk: unknown): void {
  if (chunk instanceof Uint8Array) return;
  const what = chunk === null ? 'null' : typeof chunk;
  throw new UsageError('ERR_MUX_USAGE', `a Conn carries bytes: next takes a Uint8Array, not ${what}`);
}
