import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { RelayDuplex } from '../net/relay-duplex.js';

const NOTHING = new Uint8Array(0);

/**
 * A stream in the state in which servers of `node:http2` get theirs, when they listen: TLS with ALPN, and the peer's FIN as
 * the end of the session.
 */
export function http2Stream(stream: Duplex): Duplex {
  // Without ALPN this is false, and Node would answer in HTTP/1.0 that it expected h2.
  if (stream instanceof TLSSocket) stream.alpnProtocol = 'h2';
  if (!(stream instanceof Socket)) return new UnendingDuplex(stream);
  // Left half open, the session of a client that just went away would never end.
  stream.allowHalfOpen = false;
  return stream;
}

/**
 * Never shows the peer's FIN, but closes when what was written until then is sent. Shown to http2 over a Duplex, a FIN ends
 * the process (`ERR_INTERNAL_ASSERTION`) if the session writes before its own FIN is through, as any slow peer can bring about.
 */
class UnendingDuplex extends RelayDuplex {
  #over = false;

  override push(chunk: Uint8Array | null): boolean {
    if (chunk !== null || this.writableEnded) return super.push(chunk);
    this.write(NOTHING, () => {
      this.#over = true;
      this._final(() => this.destroy());
    });
    return false;
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#over) done();
    else super._write(chunk, encoding, done);
  }
}
