import type { Socket } from 'node:net';
import type { Freed, InboundFilter, PeekHandler, Peeking } from '../conn/reading.js';
import type { MuxError } from '../errors.js';
import type { PeekOwner } from './peek-owner.js';

const NOTHING = new Uint8Array(0);

interface PeekedSocket extends Socket {
  rxmuxPeek: SocketPeek;
}

// One function for all sockets, set by plain assignment: a closure for each, or Object.assign, cost a fifth of the server's
// work for a short connection.
function pushToPeek(this: PeekedSocket, chunk: Uint8Array | null): boolean {
  return this.rxmuxPeek.pushed(chunk);
}

// What push does for a reader that flows, but for the look for more behind it, in a tick of its own: the handle is reading anyway.
function handOn(socket: Socket, bytes: Uint8Array): boolean {
  const isFlowing = socket.readableFlowing === true && socket.readableLength === 0 && socket.readableEncoding === null;
  // Of what came in several chunks push makes a Buffer, too.
  if (!isFlowing || socket.listenerCount('data') === 0 || !Buffer.isBuffer(bytes)) return socket.push(bytes);
  socket.emit('data', bytes);
  return true;
}

/**
 * Looks at the first bytes of a socket as they are pushed into its stream, ahead of the stream's buffer:
 *
 *     handle -> push -> handler -> undecided: kept out of the stream
 *                               -> decided:   push is the stream's again, a reader attaches, the bytes are pushed
 *
 * This way a reader that attaches at once, as Node's http does, gets them by a direct call: no 'readable' event, no buffer and
 * no turn of the tick queue, which is the half of what a look costs. Only for sockets: they go on pushing without being
 * asked, where another Duplex waits for a read.
 */
export class SocketPeek implements Peeking {
  readonly #socket: PeekedSocket;
  readonly #handler: PeekHandler;
  readonly #owner: PeekOwner;
  #over = false;
  #ended = false;
  // What the stream answered when it got the bytes: false stops the handle.
  #hasRoom = true;

  constructor(socket: Socket, handler: PeekHandler, owner: PeekOwner) {
    const peeked = socket as PeekedSocket;
    peeked.rxmuxPeek = this;
    peeked.push = pushToPeek;
    this.#socket = peeked;
    this.#handler = handler;
    this.#owner = owner;
  }

  /** What the handle read, null at its end; tells whether it may read on. */
  pushed(chunk: Uint8Array | null): boolean {
    this.#ended = chunk === null;
    this.#handler.bytes(chunk ?? NOTHING, this.#ended);
    if (!this.#over) this.#owner.keepAddresses();
    return this.#hasRoom;
  }

  release(replay: Uint8Array, onFree: Freed, filter?: InboundFilter): void {
    const socket = this.#socket;
    this.drop();
    if (filter !== undefined) this.#owner.relay(filter, replay);
    const back = filter === undefined ? replay : NOTHING;
    if (this.#ended) {
      // Servers ask a stream whether its end is here already, and then attach in another way.
      if (back.length > 0) socket.push(back);
      socket.push(null);
      onFree.freed();
    } else {
      onFree.freed();
      if (back.length > 0 && !socket.destroyed) this.#hasRoom = handOn(socket, back);
    }
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  drop(): void {
    if (this.#over) return;
    this.#over = true;
    const socket: Partial<PeekedSocket> = this.#socket;
    // Added last, deleted first: so the socket gets back the shape it had.
    delete socket.push;
    delete socket.rxmuxPeek;
  }

  /** The socket is gone. */
  closed(error: MuxError | undefined): void {
    if (this.#over) return;
    this.drop();
    this.#handler.closed(error);
  }
}
