import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { firstValueFrom, Subject, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { listen, type ListenOptions } from '../../src/net/listen.js';

/** A listener on a free loopback port, its connections, and clients of it; `close` ends all of them. */
export interface Loopback {
  readonly port: number;
  readonly conns$: Observable<Conn>;
  readonly conns: readonly Conn[];
  connect(): Promise<Socket>;
  close(): void;
}

export async function loopback(
  serve: (conns$: Observable<Conn>) => Subscription = (conns$) => conns$.subscribe(),
  options: Partial<ListenOptions> = {},
): Promise<Loopback> {
  const listener = listen({ port: 0, host: '127.0.0.1', ...options });
  const conns$ = new Subject<Conn>();
  const conns: Conn[] = [];
  conns$.subscribe((conn) => conns.push(conn));
  const serving = serve(conns$);
  const listening = listener.subscribe(conns$);
  const address = await firstValueFrom(listener.address$);
  const port = 'port' in address ? address.port : 0;
  const clients: Socket[] = [];
  return {
    port,
    conns$,
    conns,
    async connect() {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      clients.push(socket);
      await once(socket, 'connect');
      return socket;
    },
    close() {
      listening.unsubscribe();
      serving.unsubscribe();
      for (const client of clients) client.destroy();
      for (const conn of conns) conn._destroy(undefined, false);
    },
  };
}

/** Everything a socket receives until the peer's FIN; its own side stays open. */
export function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
    socket.on('error', reject);
  });
}
