import { MuxError, ResetError } from '../errors.js';
import { tlsReason } from './tls-reason.js';

const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** The typed form of what a stream of Node failed with. */
export function failureOf(error: unknown): MuxError {
  if (MuxError.is(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!RESET_CODES.has(code)) {
    return error instanceof Error
      ? new MuxError('ERR_MUX_ABORT', tlsReason(error), { cause: error })
      : MuxError.from(error);
  }
  return new ResetError('ERR_MUX_RESET', `the connection was reset (${code})`, { initiator: 'remote', cause: error });
}
