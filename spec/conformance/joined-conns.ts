import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { fromStreams } from '../../src/conn/web-streams-conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { dial } from '../../src/net/dial.js';
import { listen } from '../../src/net/listen.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { localhostPem } from '../serve/sink-harness.js';
import { NODE_PAIR, STREAM_PAIRS, type JoinedStreams } from './web-stream-pairs.js';

/** Two ends of one connection, and how to take down what it took. */
export interface JoinedConns {
  readonly near: Conn;
  readonly far: Conn;
  readonly down: () => void;
}

async function overSockets(tls?: { readonly cert: string; readonly key: string }): Promise<JoinedConns> {
  const listener = listen({ port: 0, host: '127.0.0.1', ...(tls && { tls }) });
  const arrived = firstValueFrom(listener);
  const address = await firstValueFrom(listener.address$);
  const port = 'port' in address ? address.port : 0;
  const dialled = dial({ port, host: '127.0.0.1', ...(tls && { tls: { ca: tls.cert, servername: 'localhost' } }) });
  const [near, far] = await Promise.all([firstValueFrom(dialled), arrived]);
  return { near, far, down: () => destroyAll(near, far) };
}

async function overWebSockets(): Promise<JoinedConns> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const arrived = once(server, 'connection') as Promise<[WebSocket]>;
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await once(client, 'open');
  const [near, far] = [fromWebSocket(client), fromWebSocket((await arrived)[0])];
  return {
    near,
    far,
    down: () => {
      destroyAll(near, far);
      server.close();
    },
  };
}

function inMemory(): Promise<JoinedConns> {
  const [near, far] = memoryPipe();
  return Promise.resolve({ near, far, down: () => destroyAll(near, far) });
}

async function overStreams(join: () => Promise<JoinedStreams>): Promise<JoinedConns> {
  const streams = await join();
  const [near, far] = [fromStreams(streams.near), fromStreams(streams.far)];
  return {
    near,
    far,
    down: () => {
      destroyAll(near, far);
      streams.down();
    },
  };
}

type NamedConns = readonly [name: string, join: () => Promise<JoinedConns>];
const overPair = ([name, join]: (typeof STREAM_PAIRS)[number]): NamedConns => [name, () => overStreams(join)];

/** Every kind of pair of Web Streams that half-closes and resets. */
export const STREAM_CONNS: readonly NamedConns[] = STREAM_PAIRS.map(overPair);
/** Node's own pair over a socket. */
export const NODE_STREAM_CONNS: NamedConns = overPair(NODE_PAIR);

function destroyAll(...conns: readonly Conn[]): void {
  for (const conn of conns) conn._destroy(undefined, false);
}

/** Every kind of connection there is. */
export const CONNS: readonly NamedConns[] = [
  ['a memory pipe', inMemory],
  ['TCP', () => overSockets()],
  ['TLS', async () => overSockets(await localhostPem())],
  ['a WebSocket', overWebSockets],
  ...STREAM_CONNS,
  NODE_STREAM_CONNS,
];
