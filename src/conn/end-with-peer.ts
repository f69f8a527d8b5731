import type { Duplex } from 'node:stream';

/**
 * Ends a stream whose `allowHalfOpen` is false after its peer has ended, as a socket does; called as the end is pushed. Node would do
 * it in the tick of 'end'. TLS inside of the stream writes its last record in a later one, and would fail.
 */
export function endWithPeer(stream: Duplex, later: (act: () => void) => unknown): void {
  if (stream.allowHalfOpen) return;
  stream.once('end', () => {
    // Node looks at it next.
    stream.allowHalfOpen = true;
    later(() => {
      stream.allowHalfOpen = false;
      if (!stream.destroyed) stream.end();
    });
  });
}
