import { timer } from 'rxjs';
import { consume } from '../../../dist/index.js';
import { sendPaced } from '../../lib/send-paced.mjs';

/** A stream as the traffic uses it (see `DuplexChannel`), by what makes it an Observable and an Observer. */
export class ObservableChannel {
  #stream;
  #onError;

  constructor(stream, onError) {
    this.#stream = stream;
    this.#onError = onError;
  }

  receive(onChunk, onEnd) {
    this.#stream.subscribe({ next: onChunk, complete: onEnd, error: this.#onError });
  }

  receiveSlowly(pauseMs) {
    this.#stream.pipe(consume(() => timer(pauseMs))).subscribe({ error: this.#onError });
  }

  send(chunk) {
    this.#stream.next(chunk);
  }

  sendAll(next) {
    sendPaced(this.#stream, next);
  }

  end() {
    this.#stream.complete();
  }
}
