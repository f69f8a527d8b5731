import type { Duplex } from 'node:stream';

/**
 * Ends a stream whose `allowHalfOpen` is false after its peer has ended, as a socket does. Call it when the end is pushed. Node would
 * end the stream in the tick of 'end'. TLS over the stream writes its last record in a later tick, and would fail.
 */
export function endWithPeer(stream: Duplex, later: (act: () => void) => unknown): void {
  if (stream.allowHalfOpen) return;
  stream.once('end', () => {
    // Node reads it next.
    stream.allowHalfOpen = true;
    later(() => {
      stream.allowHalfOpen = false;
      if (!stream.destroyed) stream.end();
    });
  });
}
