import { UsageError } from '../errors.js';

/** Only classes of this package can name it, so only they can extend `Conn`: its abstract members are internal. */
export const CONN_KEY: unique symbol = Symbol('rxmux.conn');

/**
 * Refuses a class of a user: in JavaScript no compiler does.
 * @throws UsageError `ERR_MUX_USAGE` for anything but the key
 */
export function checkConnKey(key: typeof CONN_KEY): void {
  if (key !== CONN_KEY)
    throw new UsageError(
      'ERR_MUX_USAGE',
      'Conn is not to be extended: make a Conn with fromDuplex, fromStreams or fromWebSocket',
    );
}
