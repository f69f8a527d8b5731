import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import https from 'node:https';
import { duplexPair } from 'node:stream';
import tls, { type TLSSocket } from 'node:tls';
import { VirtualTimeScheduler } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { toTls } from '../../src/serve/to-tls.js';
import { localhostPem, Stage } from './sink-harness.js';

// The beginning of a record that holds a ClientHello.
const HELLO_BEGINS = Buffer.from('160301', 'hex');

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

async function secured(port: number, options: tls.ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  stage.onDown(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

async function textOf(socket: TLSSocket): Promise<string> {
  return Buffer.concat(await socket.toArray()).toString();
}

test('the handshake is done, with SNI and ALPN, and data passes', async () => {
  const server = tls.createServer({ ...pem, ALPNProtocols: ['chat'] }, (socket) => {
    socket.end(`${(socket as TLSSocket & { readonly servername: string }).servername} ${socket.alpnProtocol}`);
  });
  const port = await stage.serve(toTls(server));
  expect(await textOf(await secured(port, { servername: 'a.test', ALPNProtocols: ['chat'] }))).toBe('a.test chat');
});

test('case 49: a handshake that stalls is closed at the deadline', async () => {
  const port = await stage.serve(toTls(tls.createServer({ ...pem, handshakeTimeout: 50 })));
  const client = await stage.client(port);
  client.socket.write(HELLO_BEGINS);
  await client.ended;
  expect(client.text).toBe('');
});

test('case 49: plain data behind the beginning of a record is closed', async () => {
  const port = await stage.serve(toTls(tls.createServer(pem)));
  const client = await stage.client(port);
  client.socket.write(Buffer.concat([HELLO_BEGINS, Buffer.from('GET / HTTP/1.1\r\n\r\n')]));
  await client.ended;
  expect(client.socket.readableEnded || client.socket.destroyed).toBe(true);
});

test('the client FIN is answered by FIN, unless the server allows half-open connections', async () => {
  for (const allowHalfOpen of [false, true]) {
    const server = tls.createServer({ ...pem, allowHalfOpen } as tls.TlsOptions);
    const port = await stage.serve(toTls(server));
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const socket = await secured(port);
    const [inside] = await accepted;
    socket.end();
    await once(inside.resume(), 'end');
    await new Promise(setImmediate);
    expect(inside.writableEnded).toBe(!allowHalfOpen);
    inside.destroy();
  }
});

test('a server of node:https keeps its deadline for heads', async () => {
  const server = https.createServer({ ...pem, headersTimeout: 50, connectionsCheckingInterval: 10 });
  const socket = await secured(await stage.serve(toTls(server)));
  socket.write('GET / HT');
  expect(await textOf(socket)).toContain(' 408 ');
});

test('a stream that is no socket is secured too', async () => {
  const [near, far] = duplexPair();
  toTls(tls.createServer(pem, (socket) => socket.end('over a pipe'))).next(fromDuplex(far));
  expect(await textOf(tls.connect({ socket: near, rejectUnauthorized: false }))).toBe('over a pipe');
});

test('close destroys what has not ended by itself in the grace time', async () => {
  const server = tls.createServer(pem);
  const sink = toTls(server);
  const socket = await secured(await stage.serve(sink));
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ graceMs: 100, scheduler });
  scheduler.flush();
  await closed;
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.resume().once('close', resolve));
  expect(scheduler.frame).toBe(100);
});
