import { UsageError } from '../errors.js';

/** A chunk of this size costs less to wait for than to copy. */
export const LENT_BYTES = 16_384;

/** Says of a chunk, whose writer wants its buffer back, whether it is sent as it is. Otherwise a copy is, and no one has to wait. */
export const isLent = (chunk: Uint8Array): boolean => chunk.length >= LENT_BYTES;

/** What "_write" answers where nothing will be sent. */
export function unsent(done: (() => void) | undefined): true {
  done?.();
  return true;
}

// Whoever writes JavaScript has no compiler that tells; over a session a string would become zeros.
export function checkBytes(chunk: unknown): void {
  if (chunk instanceof Uint8Array) return;
  const what = chunk === null ? 'null' : typeof chunk;
  throw new UsageError('ERR_MUX_USAGE', `a Conn carries bytes: next takes a Uint8Array, not ${what}`);
}
