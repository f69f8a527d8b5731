import type { Duplex } from 'node:stream';

/** A Duplex that may have what a socket has. */
export interface SocketLike extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly remoteFamily?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  readonly encrypted?: boolean;
  setTimeout?(ms: number, onTimeout?: () => void): unknown;
  setNoDelay?(on?: boolean): unknown;
  setKeepAlive?(on?: boolean, delayMs?: number): unknown;
  ref?(): unknown;
  unref?(): unknown;
}
