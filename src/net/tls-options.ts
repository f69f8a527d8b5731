import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ListenError } from '../errors.js';
import { tlsReason } from './tls-reason.js';

/**
 * Tries the certificate, key and CA of TLS options before anything listens.
 * @throws ListenError `ERR_MUX_TLS_FILES` when they can't be used together
 */
export function checkTlsFiles(options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const reason = tlsReason(cause as Error);
    throw new ListenError(
      'ERR_MUX_TLS_FILES',
      `these TLS options can't be used: ${reason}; a certificate and its key are PEM and belong together`,
      { scope: 'listener', cause },
    );
  }
}
