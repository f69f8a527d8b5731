import { setTimeout as elapsed } from 'node:timers/promises';

/**
 * A stream as the traffic uses it, over a Node Duplex. What all channels have:
 * `receive(onChunk, onEnd)` reads; `receiveSlowly(pauseMs)` reads chunk by chunk, with a pause after each;
 * `send(chunk)` sends at once; `sendAll(next)` sends what `next` gives, until it gives undefined, as fast as the other end
 * takes it; `end()` half-closes.
 */
export class DuplexChannel {
  #duplex;

  constructor(duplex, onError) {
    this.#duplex = duplex;
    duplex.on('error', onError);
  }

  receive(onChunk, onEnd) {
    this.#duplex.on('data', onChunk).on('end', onEnd);
  }

  async receiveSlowly(pauseMs) {
    for await (const chunk of this.#duplex) await elapsed(pauseMs, chunk);
  }

  send(chunk) {
    this.#duplex.write(chunk);
  }

  sendAll(next) {
    const duplex = this.#duplex;
    const pump = () => {
      for (let chunk = next(); chunk !== undefined; chunk = next()) {
        if (!duplex.write(chunk)) {
          duplex.once('drain', pump);
          return;
        }
      }
    };
    pump();
  }

  end() {
    this.#duplex.end();
  }
}
