import { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { UsageError } from '../errors.js';
import { announceListening } from '../net/announce-listening.js';
import { allClosed, OpenStreams } from './open-streams.js';

/** The differences between kinds of servers; one object for each kind. */
export interface ServerKind<S extends Server> {
  /** Prepares a server for its first sink. The returned function undoes that after the last. */
  readonly prepare?: (server: S) => () => void;
  /** What the server gets in place of a stream. @defaultValue the stream */
  readonly asTaken?: (stream: Duplex) => Duplex;
  /** Gives the server a stream, whose errors belong to the server from within this call. */
  readonly take: (server: S, stream: Duplex) => void;
  /** Asks streams of the server to end. The returned function is called when they have. */
  readonly drain?: (server: S, streams: ReadonlySet<Duplex>) => () => void;
}

/** The counter of a server's connections that Node checks before it emits 'close'. */
interface Counting {
  _connections: number;
}

const served = new WeakMap<Server, ServedServer>();

/**
 * A server that gets its connections from sinks. While it has any, it says that it listens, and its `close` does what that of a
 * listening server does: it refuses new connections, ends idle ones, and calls back once all are closed. Node's own `close` does not know
 * connections that were given to the server, so frameworks would end while requests are under way.
 */
export class ServedServer {
  readonly streams = new OpenStreams();
  readonly #server: Server;
  readonly #kind: ServerKind<Server>;
  readonly #undo: () => void;
  readonly #nativeClose: Server['close'];
  #sinks = 0;
  #isClosing = false;

  /**
   * The one object for this server.
   *
   * @throws UsageError `ERR_MUX_OPTION` for a value that is no server, and for one that has a sink of another kind
   */
  static of<S extends Server>(server: S, kindOfServer: ServerKind<S>): ServedServer {
    const kind = kindOfServer as unknown as ServerKind<Server>;
    // An application of express is no server, but has an `emit` that would take each connection and do nothing with it.
    if (!(server instanceof Server)) {
      throw new UsageError('ERR_MUX_OPTION', 'connections go to a server, for example http.createServer(listener)');
    }
    const known = served.get(server);
    if (known === undefined) return new ServedServer(server, kind);
    if (known.#kind === kind) return known;
    throw new UsageError(
      'ERR_MUX_OPTION',
      'a server has sinks of one kind, with the same options: subscribe one sink to several sources, or close the other first',
    );
  }

  private constructor(server: Server, kind: ServerKind<Server>) {
    this.#server = server;
    this.#kind = kind;
    this.#nativeClose = server.close.bind(server);
    const isListening = server.listening;
    const undoShadow = this.#shadow();
    const undoAnnounce = isListening ? undefined : announceListening(server);
    const undoPrepare = kind.prepare?.(server);
    this.#undo = () => {
      undoPrepare?.();
      undoShadow();
      // A server that has begun to listen since then keeps its deadlines.
      if (!server.listening) undoAnnounce?.();
    };
    served.set(server, this);
  }

  /** True from the call of the server's `close`: no more connections. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  join(): void {
    this.#sinks++;
  }

  /** A sink is closed. After the last one the server is as it was before the first. */
  leave(): void {
    if (--this.#sinks === 0 && !this.#isClosing) this.#restore();
  }

  take(stream: Duplex, sink: object): void {
    const taken = this.#kind.asTaken?.(stream) ?? stream;
    this.streams.add(taken, sink);
    this.#kind.take(this.#server, taken);
  }

  /** Asks streams to end, unless the server's `close` has done so. The returned function is called when they have. */
  drain(streams: readonly Duplex[]): (() => void) | undefined {
    return this.#isClosing ? undefined : this.#kind.drain?.(this.#server, new Set(streams));
  }

  #close(callback: (() => void) | undefined): Server {
    // A function in front of this one, which outlived its last sink, still calls it.
    if (served.get(this.#server) !== this) return this.#nativeClose(callback);
    if (callback !== undefined) this.#server.once('close', callback);
    if (!this.#isClosing) void this.#end();
    return this.#server;
  }

  async #end(): Promise<void> {
    const server = this.#server as Server & Counting;
    const streams = this.streams.of();
    const drained = this.drain(streams);
    this.#isClosing = true;
    // The port of the server's own is closed at once, but 'close' waits. Node's http would cut what is still being sent: its turn is later.
    server._connections++;
    Server.prototype.close.call(server);
    await allClosed(streams);
    drained?.();
    server._connections--;
    // Before the server forgets the connections that Node has listed for it: those of its own port are idle, too.
    this.#nativeClose();
    this.#restore();
  }

  #restore(): void {
    served.delete(this.#server);
    this.#undo();
  }

  #shadow(): () => void {
    const server = this.#server;
    const close = (callback?: () => void): Server => this.#close(callback);
    const isListening = (): boolean => !this.#isClosing;
    // The one of node:http2 calls the `close` of its class.
    const dispose = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    const undoClose = shadow(server, 'close', { value: close, writable: true });
    const undoListening = shadow(server, 'listening', { get: isListening });
    const undoDispose = shadow(server, Symbol.asyncDispose, { value: dispose, writable: true });
    return () => {
      undoListening();
      undoDispose();
      // Another function that was put in front since then calls this one.
      if (server.close === close) undoClose();
    };
  }
}

/** Puts a property in front of the one of an object's class, or of its own. The returned function undoes that. */
function shadow(object: object, name: PropertyKey, property: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { ...property, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}
