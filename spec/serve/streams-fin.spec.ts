import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { Agent, request } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { DuplexConn } from '../../src/net/duplex-conn.js';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import type { Sink } from '../../src/serve/sink.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Session } from '../../src/session/session.js';
import type { Codec } from '../../src/wire/codec.js';
import { yamux } from '../../src/wire/index.js';
import { CODECS } from '../session/session-ends.js';
import { sessionPair } from './session-pair.js';
import { localhostPem } from './sink-harness.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => unknown)[] = [];
afterEach(async () => {
  for (const down of downs.splice(0).reverse()) await down();
});

function joined(codec: Codec): readonly [Session, Session] {
  const pair = sessionPair({}, codec);
  downs.push(() => pair[0].error(new Error('the test is over')));
  return pair;
}

interface Events {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Over once it is closed; gives the codes of what it emitted as errors. */
function closed(client: Events): Promise<unknown[]> {
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code));
  return new Promise((resolve) => {
    client.on('close', () => resolve(errors));
  });
}

const begun = (_request: unknown, response: { write(text: string): unknown }): void => {
  response.write('half of it');
};

/** A client, and the server that answers it. */
interface Client {
  readonly server: () => Sink;
  /** Connects and is answered; gives what it emits as errors until it is closed. */
  readonly begin: (client: Session) => Promise<readonly [Promise<unknown>]>;
}

function secure(s: Session, protocols: readonly string[] = []): tls.TLSSocket {
  const socket = connectThrough(s)();
  return tls.connect({ socket, servername: 'localhost', ca: pem.cert, ALPNProtocols: [...protocols] });
}

async function respondedBy(h2: http2.ClientHttp2Session): Promise<readonly [Promise<unknown>]> {
  downs.push(() => h2.destroy());
  const stream = h2.request({ ':path': '/' });
  stream.on('error', () => undefined);
  await once(stream, 'response');
  return [closed(h2)];
}

const CLIENTS: Record<string, Client> = {
  'node:tls': {
    server: () => toTls(tls.createServer(pem, (socket) => socket.write('hello'))),
    begin: async (s) => {
      const socket = secure(s);
      await once(socket, 'data');
      return [closed(socket)];
    },
  },
  'node:http2': {
    server: () => toHttp2(http2.createServer(begun)),
    begin: (s) => respondedBy(http2.connect('http://peer', { createConnection: connectThrough(s) })),
  },
  'node:http2 inside of TLS': {
    server: () => toHttp2(http2.createSecureServer(pem, begun)),
    begin: (s) => respondedBy(http2.connect('https://localhost', { createConnection: () => secure(s, ['h2']) })),
  },
  'an idle connection of node:http': {
    server: () => toHttp(http.createServer((_request, response) => response.end('all of it'))),
    begin: async (s) => {
      const sent = http.get({ host: 'peer', agent: httpAgent(s, { keepAlive: true }) });
      const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
      const { socket } = response;
      await response.resume().toArray();
      return [closed(socket)];
    },
  },
  'node:https': {
    server: () => toHttp(https.createServer(pem, begun)),
    begin: async (s) => {
      const sent = https.get({ host: 'localhost', createConnection: () => secure(s) });
      const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
      response.on('error', () => undefined).resume();
      return [closed(response.socket)];
    },
  },
  undici: {
    server: () => toHttp(http.createServer((_request, response) => response.end('all of it'))),
    begin: async (s) => {
      const dispatcher = new Agent({ connect: connectThrough(s) });
      downs.push(() => dispatcher.destroy());
      const gone = new Promise((resolve) => dispatcher.once('disconnect', () => resolve([])));
      const { body } = await request('http://peer/', { dispatcher });
      await body.text();
      return [gone];
    },
  },
  ws: {
    server: () => toWebSocket(new WebSocketServer({ noServer: true })),
    begin: async (s) => {
      const socket = new WebSocket('ws://peer/', { createConnection: connectThrough(s) });
      await once(socket, 'open');
      return [closed(socket)];
    },
  },
  'who only listens for data': {
    server: () => ({ ...toTls(tls.createServer(pem)), next: (conn: Conn) => conn.next(Buffer.from('hello')) }),
    begin: async (s) => {
      const socket = connectThrough(s)();
      socket.write('hello');
      await once(socket, 'data');
      return [closed(socket)];
    },
  },
};

describe.each(Object.keys(CLIENTS))('a FIN of the other end, and nothing that says so inside: %s', (name) => {
  const { server, begin } = CLIENTS[name] as Client;

  test.each(CODECS)('over %s it closes without an error, and so does its stream', async (_codec, codec) => {
    const [near, far] = joined(codec);
    const sink = server();
    const streams: MuxStream[] = [];
    far.accept$.subscribe((stream) => {
      streams.push(stream);
      sink.next(stream);
    });
    const [end] = await begin(near);
    for (const stream of streams) stream.complete();
    expect(await end).toEqual([]);
    expect(near.streams).toEqual([]);
  });
});

describe('a server of node:tls that is given a stream', () => {
  const RELAY = { done: true, push: (chunk: Uint8Array) => chunk, flush: () => new Uint8Array(0) };
  /** What a server gets: the stream's own Duplex, or one that a stage put before it. */
  const surfaces: readonly (readonly [string, (stream: Conn) => Conn])[] = [
    ['the stream itself', (stream) => stream],
    [
      'a relay before it',
      (stream) => {
        const conn = new DuplexConn(stream.duplex());
        conn.relay(RELAY, new Uint8Array(0));
        return conn;
      },
    ],
  ];

  test.each(surfaces)('closes without an error at a FIN inside of TLS: %s', async (_name, surface) => {
    const [near, far] = joined(yamux());
    const server = tls.createServer(pem, (socket) => socket.resume().write('hello'));
    const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
    far.accept$.subscribe((stream) => toTls(server).next(surface(stream)));
    const stream = near.open();
    const client = tls.connect({ socket: stream.duplex(), servername: 'localhost', ca: pem.cert });
    client.on('error', () => undefined);
    const [[socket]] = await Promise.all([accepted, once(client, 'data')]);
    const end = closed(socket);
    stream.complete();
    expect(await end).toEqual([]);
  });
});
