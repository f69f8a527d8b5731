import type { Duplex } from 'node:stream';
import { UsageError } from '../errors.js';
import type { Conn } from './conn.js';

/**
 * A Node Duplex over a Conn that is none. The stream module is asked for only here and only when called, so that the rest
 * runs, and bundles, without Node.
 *
 * @throws UsageError `ERR_MUX_USAGE` where there is no Node
 */
export function duplexOver(conn: Conn): Duplex {
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> };
  const stream = process?.getBuiltinModule?.('node:stream');
  if (stream === undefined) throw new UsageError('ERR_MUX_USAGE', 'duplex() needs Node; use readable and writable');
  let ended = false;
  const reading = conn._read({
    next(chunk) {
      if (!duplex.push(chunk)) reading.pause();
      reading.consumed(chunk.length);
    },
    complete() {
      ended = true;
      duplex.push(null);
    },
    error: (error) => duplex.destroy(error),
  });
  const duplex = new stream.Duplex({
    allowHalfOpen: true,
    read() {
      reading.resume();
    },
    write(chunk: Uint8Array, _encoding, done) {
      if (conn._write(chunk)) done();
      else conn._drained(done);
    },
    final(done) {
      conn.complete();
      done();
    },
    destroy(error, done) {
      if (!ended || !duplex.writableFinished || error !== null) conn._destroy(undefined, false);
      done(error);
    },
  });
  return Object.defineProperties(duplex, {
    remoteAddress: { get: () => conn.remoteAddress },
    remotePort: { get: () => conn.remotePort },
    localAddress: { get: () => conn.localAddress },
    localPort: { get: () => conn.localPort },
    encrypted: { get: () => conn.encrypted },
  });
}
