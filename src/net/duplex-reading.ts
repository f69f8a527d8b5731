import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Intake, Reading } from '../conn/reading.js';
import { MuxError } from '../errors.js';
import type { LateWriteFailure } from './late-write-failure.js';
import type { TlsEnd } from './tls-end.js';

const NOTHING = new Uint8Array(0);

/** Reads a Duplex chunk by chunk, as its chunks are, paused and resumed by the stream's own means. */
export class DuplexReading implements Reading {
  #attached = false;
  #over = false;
  #isAsked = false;

  readonly #duplex: Duplex;
  readonly #intake: Intake;
  readonly #failure: () => MuxError | undefined;
  readonly #writes: LateWriteFailure | undefined;
  readonly #tlsEnd: TlsEnd | undefined;

  constructor(
    duplex: Duplex,
    intake: Intake,
    failure: () => MuxError | undefined,
    writes?: LateWriteFailure,
    tlsEnd?: TlsEnd,
  ) {
    this.#duplex = duplex;
    this.#intake = intake;
    this.#failure = failure;
    this.#writes = writes;
    this.#tlsEnd = tlsEnd;
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    if (this.#over) return;
    if (!this.#attached) this.#attach();
    else this.#duplex.resume();
  }

  // A Duplex has no credit of its own: not reading it is what holds the peer back.
  consumed(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    // TCP can't refuse bytes: they are dropped, so that the end is seen and the socket freed.
    this.#duplex.resume();
    if (this.#duplex.writableFinished) this.#duplex.destroy();
    else this.#duplex.once('finish', () => this.#duplex.destroy());
  }

  #attach(): void {
    this.#attached = true;
    const duplex = this.#duplex;
    if (duplex.readableEnded) this.#onEnd();
    else if (duplex.destroyed) this.#onClose();
    else duplex.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
  }

  #finish(): void {
    this.#over = true;
    this.#duplex.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#intake.next(chunk);
  };

  readonly #onEnd = (): void => {
    // An end here was a reset: the error follows, with 'close'.
    if (this.#writes?.isPending === true) return;
    const duplex = this.#duplex;
    const error = this.#tlsEnd?.error;
    if (error !== undefined) {
      this.#finish();
      duplex.destroy(error);
      this.#intake.error(error);
      return;
    }
    if (this.#tlsEnd !== undefined || this.#isAsked || !(duplex instanceof Socket) || !duplex.writable) {
      this.#finish();
      this.#intake.complete();
      return;
    }
    // libuv reports a reset right after bytes as an end. An empty write makes it report the error, which closes the socket in this turn.
    this.#isAsked = true;
    duplex.write(NOTHING);
    setImmediate(() => {
      if (!this.#over) this.#onEnd();
    });
  };

  readonly #onClose = (): void => {
    this.#finish();
    this.#intake.error(
      this.#failure() ??
        new MuxError('ERR_MUX_ABORT', 'the connection was closed before its end', { initiator: 'local' }),
    );
  };
}
