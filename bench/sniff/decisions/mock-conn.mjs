import { NEVER } from 'rxjs';
import { CONN_KEY } from '../../../src/conn/conn-key.js';
import { Conn } from '../../../src/index.js';

/** A connection with nothing behind it, like the one of cmux's benchmarks: it sends what `arrive` is told, and loses what it gets. */
export class MockConn extends Conn {
  remoteAddress = '192.0.2.1';
  remotePort = 50_000;
  localAddress = '192.0.2.2';
  localPort = 80;
  encrypted = false;
  bytesRead = 0;
  bytesWritten = 0;
  bufferedBytes = 0;
  needsDrain = false;
  closed$ = NEVER;
  #handler;

  constructor() {
    super(CONN_KEY);
  }

  arrive(bytes) {
    this.#handler.bytes(bytes, false);
  }

  _peek(handler) {
    this.#handler = handler;
    return this;
  }

  release(_replay, onFree) {
    onFree.freed();
  }

  _destroy() {
    throw new Error('turned away');
  }
}
