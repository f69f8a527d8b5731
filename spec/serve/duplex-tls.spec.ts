import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import tls, { type TLSSocket } from 'node:tls';
import type { Conn } from '../../src/conn/conn.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toTls } from '../../src/serve/to-tls.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { localhostPem } from './sink-harness.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const sockets: TLSSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A TLS client and an echoing TLS server, joined by a pipe. */
function connected(): { readonly client: TLSSocket; readonly near: Conn; readonly accepted: Promise<TLSSocket> } {
  const [near, far] = memoryPipe({ capacityBytes: 5000 });
  const server = tls.createServer({ ...pem, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  const accepted = once(server, 'secureConnection').then(([socket]: TLSSocket[]) => socket as TLSSocket);
  toTls(server).next(far);
  const client = tls.connect({ socket: near.duplex(), servername: 'localhost', ca: pem.cert });
  sockets.push(client);
  return { client, near, accepted };
}

test('TLS runs inside of a stream, at both ends, and closes in order', async () => {
  const { client } = connected();
  const received: Buffer[] = [];
  client.on('data', (chunk: Buffer) => received.push(chunk));
  await once(client, 'secureConnect');
  expect(client.authorized).toBe(true);
  client.end(Buffer.alloc(300_000, 'abc'));
  await once(client, 'close');
  expect(Buffer.concat(received).equals(Buffer.alloc(300_000, 'abc'))).toBe(true);
});

test('a reset of the stream is an error of the TLS socket inside', async () => {
  const { client, near, accepted } = connected();
  await once(client, 'secureConnect');
  const server = await accepted;
  const failed = once(client, 'error');
  const closed = new Promise((resolve) => server.once('close', resolve));
  near.error(new Error('cut'));
  expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_MUX_ABORT' })]);
  await closed;
});

test('what is no handshake closes the stream', async () => {
  const [near, far] = memoryPipe();
  toTls(tls.createServer(pem)).next(far);
  const duplex = near.duplex();
  duplex.on('error', () => undefined);
  duplex.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => duplex.resume().once('close', resolve));
  expect(near.bytesWritten).toBe(18);
});

test('HTTPS is served over streams to an agent that makes TLS of them', async () => {
  const sink = toHttp(https.createServer(pem, (request, response) => void request.pipe(response)));
  class PipeAgent extends http.Agent {
    override createConnection(): TLSSocket {
      const [near, far] = memoryPipe();
      sink.next(far);
      const socket = tls.connect({ socket: near.duplex(), servername: 'localhost', ca: pem.cert });
      sockets.push(socket);
      return socket;
    }
  }
  const agent = new PipeAgent({ keepAlive: true, maxSockets: 1 });
  for (const body of ['one', 'two']) {
    const request = http.request({ agent, host: 'localhost', method: 'POST' }).end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(String(await response.toArray())).toBe(body);
  }
  expect(sockets).toHaveLength(1);
});
