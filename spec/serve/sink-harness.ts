import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { generate } from 'selfsigned';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import type { Sink } from '../../src/serve/sink.js';

/** Certificate and key of `localhost`. */
export async function localhostPem(): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
  return { cert, key };
}

/** Where the things of one test are listed, to be taken down after it. */
export class Stage {
  readonly #sockets = new Set<Duplex>();
  readonly #downs: (() => unknown)[] = [];

  onDown(down: () => unknown): void {
    this.#downs.push(down);
  }

  /** A port whose connections `accept` gets. */
  async listen(accept: (conn: Conn, socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      accept(fromDuplex(socket), socket);
    }).listen(0, '127.0.0.1');
    this.onDown(() => server.close());
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A port whose connections go to the sink at once, or only when the client's FIN has come (`afterFin`). */
  serve(sink: Sink, when: 'atOnce' | 'afterFin' = 'atOnce'): Promise<number> {
    return this.listen((conn) => {
      if (when === 'atOnce') sink.next(conn);
      else awaitFin(conn, () => sink.next(conn));
    });
  }

  async client(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#sockets.add(socket);
    await once(socket, 'connect');
    return new Client(socket);
  }

  async down(): Promise<void> {
    for (const down of this.#downs.splice(0).reverse()) await down();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

/** A client that sends raw bytes and keeps all it gets. */
export class Client {
  text = '';
  error: NodeJS.ErrnoException | undefined;
  /** Resolves at the server's FIN or at the end of everything. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => (this.text += text));
    socket.on('error', (error) => (this.error = error));
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.ended = new Promise((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  }

  /** Resolves once the text received so far holds `part`. */
  async received(part: string): Promise<void> {
    while (!this.text.includes(part)) await once(this.socket, 'data');
  }
}

/** Calls back when data and FIN are both here and put back into the connection, as after sniffing. */
function awaitFin(conn: Conn, done: () => void): void {
  const held: Uint8Array[] = [];
  const peeking = conn._peek({
    bytes: (chunk, ended) => {
      held.push(chunk);
      if (!ended) return;
      peeking.release(Buffer.concat(held), { freed: done });
    },
    closed: () => undefined,
  });
}
