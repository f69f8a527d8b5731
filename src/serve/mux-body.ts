import type { IncomingMessage, ServerResponse } from 'node:http';
import { fromEvent, merge, Observable, take, type Subscriber, type TeardownLogic } from 'rxjs';
import { Puller } from '../conn/puller.js';
import type { Holdable, Intake, Reading } from '../conn/reading.js';
import { OverflowError, ResetError, UsageError, type MuxError } from '../errors.js';

/** True while a writer should wait: `write` has answered `false`, and `drain` is still to come. */
export function isFull(res: ServerResponse): boolean {
  return res.writableLength >= res.writableHighWaterMark;
}

/** Emits once, when a full response can take more or is gone. */
export function drained(res: ServerResponse): Observable<unknown> {
  return merge(fromEvent(res, 'drain'), fromEvent(res, 'close')).pipe(take(1));
}

function subscribeBody(this: Observable<Uint8Array>, subscriber: Subscriber<Uint8Array>): TeardownLogic {
  const reading = (this as Holdable)._read({
    next: (chunk) => {
      subscriber.next(chunk);
    },
    complete: () => {
      subscriber.complete();
    },
    error: (error) => {
      subscriber.error(error);
    },
  });
  subscriber.add(() => {
    reading.cancel();
  });
  reading.resume();
}

/**
 * The bytes of a request. Cold: nothing is read before there is a reader, and there can be one only
 * (`ERR_MUX_SECOND_SUBSCRIBE`). Nothing is held here: `body.pipe(consume(save))` and `for await` hold the client back
 * until the work is done, and while the response waits for a slow client no more of the body is read, so that
 * `body.pipe(map(transform))` as an answer stays bounded too.
 *
 * Errors with `ERR_MUX_RESET` when the client leaves in the middle, and with `ERR_MUX_OVERFLOW` past `maxBodyBytes`;
 * left alone, the latter is answered 413. Unwanted bytes are dropped.
 */
export class RequestBody extends Observable<Uint8Array> implements Holdable, AsyncIterable<Uint8Array> {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #maxBytes: number;
  #taken = false;

  constructor(req: IncomingMessage, res: ServerResponse, maxBytes: number) {
    super(subscribeBody);
    this.#req = req;
    this.#res = res;
    this.#maxBytes = maxBytes;
  }

  /** @internal */
  _read(intake: Intake): Reading {
    const reading = new BodyReading(this.#req, this.#res, this.#maxBytes, intake, this.#taken);
    this.#taken = true;
    return reading;
  }

  /** Pulls the body chunk by chunk; leaving the loop early drops the rest. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return new Puller(this);
  }
}

class BodyReading implements Reading {
  #attached = false;
  #over = false;
  #paused = true;
  #received = 0;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly maxBytes: number,
    readonly intake: Intake,
    readonly isSecond: boolean,
  ) {}

  pause(): void {
    this.#paused = true;
    this.req.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#over) return;
    if (this.#attached) this.#flow();
    else this.#attach();
  }

  // HTTP has no credit of its own here: not reading is what holds the client back.
  consumed(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    const { req } = this;
    req.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    // A body left half read would block the next request of the connection.
    if (this.#attached) req.resume();
  }

  #attach(): void {
    const { req } = this;
    if (this.isSecond) {
      this.#fail(new UsageError('ERR_MUX_SECOND_SUBSCRIBE', 'the request body has a reader already; it is read once'));
    } else if (Number(req.headers['content-length'] ?? 0) > this.maxBytes) this.#tooLarge();
    else if (req.destroyed) this.#onClose();
    else {
      this.#attached = true;
      // No 'error' listener: without one, Node tells of a client's reset by 'close' alone.
      req.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    }
  }

  #flow(): void {
    if (this.#paused || this.#over) return;
    if (!isFull(this.res)) {
      this.req.resume();
      return;
    }
    this.req.pause();
    drained(this.res).subscribe(() => {
      this.#flow();
    });
  }

  #fail(error: MuxError): void {
    this.cancel();
    this.intake.error(error);
  }

  #tooLarge(): void {
    const text = `the request body is longer than ${this.maxBytes} bytes`;
    this.#fail(new OverflowError('ERR_MUX_OVERFLOW', text, { initiator: 'remote' }));
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#received += chunk.length;
    if (this.#received > this.maxBytes) {
      this.#tooLarge();
      return;
    }
    this.intake.next(chunk);
    this.#flow();
  };

  readonly #onEnd = (): void => {
    this.cancel();
    this.intake.complete();
  };

  readonly #onClose = (): void => {
    this.#fail(
      new ResetError('ERR_MUX_RESET', 'the client left before the end of its request body', { initiator: 'remote' }),
    );
  };
}
