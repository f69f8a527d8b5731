import { MuxError, UsageError } from '../errors.js';

/** A chunk of this size costs less to wait for than to copy. */
export const LENT_BYTES = 16_384;

/** Says of a chunk, whose writer wants its buffer back, whether it is sent as it is. Otherwise a copy is, and no one has to wait. */
export const isLent = (chunk: Uint8Array): boolean => chunk.length >= LENT_BYTES;

/** Says that the bytes of a write have left or, with an error, that they never will. As Node's own. */
export type WriteDone = (error?: Error | null) => void;

/** What a writer gets for bytes that never leave. */
export const neverSent = (): MuxError => new MuxError('ERR_MUX_CLOSED', 'the connection ended before this was sent');

// Whoever writes JavaScript has no compiler that tells; over a session a string would become zeros.
export function checkBytes(chunk: unknown): void {
  if (chunk instanceof Uint8Array) return;
  const what = chunk === null ? 'null' : typeof chunk;
  throw new UsageError('ERR_MUX_USAGE', `a Conn carries bytes: next takes a Uint8Array, not ${what}`);
}
