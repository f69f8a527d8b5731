import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { hasEnded } from '../net/end-of-stream.js';
import { RelayDuplex } from '../net/relay-duplex.js';

/**
 * A stream in the state in which a listening server of `node:http2` gets its own: over TLS with ALPN, and the peer's FIN is
 * the end of the session.
 */
export function http2Stream(stream: Duplex): Duplex {
  // Without ALPN this is false, and Node would answer in HTTP/1.0 that it expected h2.
  if (stream instanceof TLSSocket) stream.alpnProtocol = 'h2';
  // A session writes to the native socket at once, and a TLS socket aborts the process at a second write under way.
  const isWriting = stream instanceof TLSSocket && stream.writableLength > 0;
  if (!(stream instanceof Socket) || hasEnded(stream) || isWriting) return new UnendingDuplex(stream);
  // Left half open, the session of a client that just went away would never end.
  stream.allowHalfOpen = false;
  return stream;
}

const NOTHING = new Uint8Array(0);

/**
 * Never shows the peer's FIN, but closes once the session has nothing more to say. Shown to http2 over a Duplex, a FIN ends
 * the process (`ERR_INTERNAL_ASSERTION`) when the session writes before its own FIN is through, which a slow peer brings about.
 */
class UnendingDuplex extends RelayDuplex {
  #writes = 0;
  #over = false;

  override push(chunk: Uint8Array | null): boolean {
    if (chunk !== null || this.writableEnded) return super.push(chunk);
    this.#closeWhenSilent();
    return false;
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#over || chunk.length === 0) {
      done();
      return;
    }
    this.#writes++;
    super._write(chunk, encoding, done);
  }

  // http2 learns that a write was taken, and goes on to the next one, a macrotask later.
  #closeWhenSilent(): void {
    const before = this.#writes;
    this.write(NOTHING, () => {
      setImmediate(() => setImmediate(() => this.#closeUnlessWritten(before)));
    });
  }

  #closeUnlessWritten(before: number): void {
    if (this.writableEnded) super.push(null);
    else if (this.#writes !== before) this.#closeWhenSilent();
    else {
      this.#over = true;
      this._final(() => this.destroy());
    }
  }
}
