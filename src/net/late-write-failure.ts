import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Delays the failure of a write until the socket has given the bytes that it received before.
 *
 * A peer that sends its reason, a GoAway or an error reply, and closes with our bytes unread resets the connection. Node
 * destroys a socket as soon as a write fails, and the peer's reason is lost in the kernel's buffer. Here the socket is read on as
 * long as bytes come, and fails then.
 */
export class LateWriteFailure {
  readonly #socket: Socket;
  // A Writable writes one thing at a time, so one callback serves all of them.
  #done: Done = () => undefined;
  #error: Error | undefined;
  #bytesRead = -1;

  constructor(socket: Socket) {
    this.#socket = socket;
    const write = socket._write.bind(socket);
    const writev = socket._writev?.bind(socket);
    socket._write = (chunk, encoding, done) => {
      this.#done = done;
      write(chunk, encoding, this.#onWritten);
    };
    socket._writev = (chunks, done) => {
      this.#done = done;
      writev?.(chunks, this.#onWritten);
    };
  }

  /** True between the failure of the write and that of the socket: an end in that time is not an orderly one. */
  get isPending(): boolean {
    return this.#error !== undefined;
  }

  readonly #onWritten: Done = (error) => {
    if (error === undefined || error === null) this.#done();
    else {
      this.#error = error;
      this.#wait();
    }
  };

  // One turn of the event loop reads the available bytes, up to 2 MiB.
  #wait(): void {
    setImmediate(() => {
      const { bytesRead, destroyed } = this.#socket;
      const isQuiet = bytesRead === this.#bytesRead;
      this.#bytesRead = bytesRead;
      if (isQuiet || destroyed) this.#done(this.#error);
      else this.#wait();
    });
  }
}
