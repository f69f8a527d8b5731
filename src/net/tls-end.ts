import type { Duplex } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { MuxError, ResetError } from '../errors.js';

/** What Node reads TLS from. It says so only in private fields. */
interface TlsHandle {
  onread: (bytes?: ArrayBuffer) => unknown;
  reading: boolean;
  readStop(): number;
  getpeername(into: object): number | undefined;
  /** The handle of TCP or a Unix socket, or one that stands for another Duplex. */
  readonly _parent?: { readStart(): number; readStop(): number };
  readonly _parentWrap?: { readonly stream?: Duplex };
}

/**
 * Knows how a TLS connection ended: by `close_notify`, or because what carries it ended. Node says 'end' of both, but RFC 8446
 * (section 6.1) has all bytes arrived only behind `close_notify`: without it the connection was cut off.
 *
 * Node has no call that tells. At `close_notify` the carrier is still being read, and at its own end it is not: libuv stops first.
 */
export class TlsEnd {
  readonly #handle: TlsHandle;
  readonly #onread: TlsHandle['onread'];
  #hasEnded = false;
  #error: MuxError | undefined;

  private constructor(handle: TlsHandle) {
    this.#handle = handle;
    const onread = (this.#onread = handle.onread);
    handle.onread = (bytes) => {
      if (bytes !== undefined || this.#hasEnded) return onread.call(handle, bytes);
      this.#hasEnded = true;
      if (isCarrierOver(handle)) this.#error = truncated(handle);
      const answer = onread.call(handle, bytes);
      // Nothing counts behind close_notify, and a reset there would take from the reader what it has not read yet.
      if (this.#error === undefined) handle.readStop();
      return answer;
    };
  }

  /** Watches a TLS socket; undefined for another Duplex. */
  static of(duplex: Duplex): TlsEnd | undefined {
    const { encrypted, _handle } = duplex as { encrypted?: boolean; _handle?: TlsHandle | null };
    return encrypted === true && _handle?._parent !== undefined ? new TlsEnd(_handle) : undefined;
  }

  /** What to say of a connection that has ended without `close_notify`. */
  get error(): MuxError | undefined {
    return this.#error;
  }

  /** Leaves the socket as it was. */
  forget(): void {
    this.#handle.onread = this.#onread;
  }
}

function isCarrierOver({ reading, _parent: carrier, _parentWrap: wrap }: TlsHandle): boolean {
  if (wrap?.stream !== undefined) return wrap.stream.readableEnded;
  // Without a read pending, libuv reports no end of the carrier: the last bytes filled the buffer of the stream, and close_notify came with them.
  if (!reading || carrier === undefined) return false;
  const status = carrier.readStart();
  if (status === 0) carrier.readStop();
  return status >= 0 || getSystemErrorName(status) !== 'EALREADY';
}

function truncated(handle: TlsHandle): MuxError {
  const facts = { initiator: 'remote' } as const;
  // Of a connection that was reset the system does not know the other end any more. What is no TCP has no answer.
  return (handle.getpeername({}) ?? 0) !== 0
    ? new ResetError('ERR_MUX_RESET', 'the connection was reset under TLS', facts)
    : new MuxError('ERR_MUX_ABORT', 'the connection under TLS ended without close_notify', facts);
}
