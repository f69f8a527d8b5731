import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { VirtualTimeScheduler } from 'rxjs';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { Stage } from './sink-harness.js';

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
// A masked text frame 'hi' under the mask 0.
const TEXT_HI = Buffer.from('8182000000006869', 'hex');

const stage = new Stage();
afterEach(() => stage.down());

function echo(options: ServerOptions = {}): WebSocketServer {
  const server = new WebSocketServer({ noServer: true, ...options });
  server.on('connection', (client) => {
    client.on('error', () => undefined);
    client.on('message', (data, isBinary) => {
      client.send(data, { binary: isBinary });
    });
  });
  return server;
}

async function opened(port: number, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
  stage.onDown(() => {
    socket.terminate();
  });
  await once(socket, 'open');
  return socket;
}

test.each([{ noServer: true }, undefined, null, WebSocketServer])('%p is no WebSocketServer', (server) => {
  expect(() => toWebSocket(server as never)).toThrow('[ERR_MUX_OPTION] WebSockets need a WebSocketServer of ws');
});

test('a close that is refused closes no WebSocket', async () => {
  const sink = toWebSocket(echo());
  const socket = await opened(await stage.serve(sink));
  expect(() => sink.close({ graceMs: -1 })).toThrow('[ERR_MUX_OPTION] graceMs');
  socket.send('still there');
  const [back] = (await once(socket, 'message')) as [Buffer];
  expect(String(back)).toBe('still there');
});

test('a WebSocket is opened and 300 kB come back', async () => {
  const socket = await opened(await stage.serve(toWebSocket(echo())));
  const data = Buffer.alloc(300_000, 'abc');
  socket.send(data);
  const [back] = (await once(socket, 'message')) as [Buffer];
  expect(data.equals(back)).toBe(true);
});

test('a message in one packet with the handshake is not lost', async () => {
  const client = await stage.client(await stage.serve(toWebSocket(echo())));
  client.socket.write(Buffer.concat([Buffer.from(UPGRADE), TEXT_HI]));
  await client.received('\x81\x02hi');
  expect(client.text).toContain(' 101 ');
});

test('a request that asks for no upgrade is answered 426 and closed', async () => {
  const client = await stage.client(await stage.serve(toWebSocket(echo())));
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.ended;
  expect(client.text).toMatch(/^HTTP\/1.1 426 [^]*Upgrade: websocket/);
});

test.each([
  ['without a key', UPGRADE.replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['of another version', UPGRADE.replace('Version: 13', 'Version: 7')],
  ['to something else', UPGRADE.replace('Upgrade: websocket', 'Upgrade: h2c')],
  ['for a path that is not served', UPGRADE.replace('/', '/other')],
])('a handshake %s is refused by ws', async (_name, head) => {
  const client = await stage.client(await stage.serve(toWebSocket(echo({ path: '/' }))));
  client.socket.write(head);
  await client.ended;
  expect(client.text).toMatch(/^HTTP\/1.1 400 /);
});

test('a handshake that has not come to its end is cut at the end of the grace time', async () => {
  const sink = toWebSocket(echo());
  const client = await stage.client(await stage.serve(sink));
  client.socket.write('GET / HTTP');
  await new Promise(setImmediate);
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ scheduler });
  scheduler.flush();
  await closed;
  await client.ended;
  expect(client.text).toBe('');
});

test('a reset while the server is thinking about the handshake ends no process', async () => {
  let decide: ((verified: boolean) => void) | undefined;
  const server = echo({
    verifyClient: (_info: unknown, done: (verified: boolean) => void) => {
      decide = done;
    },
  });
  const closed: Promise<void>[] = [];
  const sink = toWebSocket(server);
  const port = await stage.listen((conn, socket) => {
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    sink.next(conn);
  });
  const client = await stage.client(port);
  client.socket.write(UPGRADE);
  while (decide === undefined) await new Promise(setImmediate);
  client.socket.resetAndDestroy();
  await closed[0];
  decide(true);
  expect(server.clients.size).toBe(0);
});

test('a stream that is no socket is served too', async () => {
  const [near, far] = duplexPair();
  toWebSocket(echo()).next(fromDuplex(far));
  const socket = new WebSocket('ws://localhost', { createConnection: () => near as never, perMessageDeflate: false });
  await once(socket, 'open');
  socket.send('piped');
  const [back] = (await once(socket, 'message')) as [Buffer];
  expect(String(back)).toBe('piped');
  socket.terminate();
});

test('close tells every WebSocket 1001', async () => {
  const sink = toWebSocket(echo());
  const socket = await opened(await stage.serve(sink));
  const told = once(socket, 'close') as Promise<[number]>;
  await sink.close({ scheduler: new VirtualTimeScheduler() });
  expect((await told)[0]).toBe(1001);
});

test('close cuts a WebSocket that does not answer in the grace time', async () => {
  const sink = toWebSocket(echo());
  const client = await stage.client(await stage.serve(sink));
  client.socket.write(UPGRADE);
  await client.received('\r\n\r\n');
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ scheduler });
  await client.received('\x88');
  scheduler.flush();
  await closed;
  expect(scheduler.frame).toBe(10_000);
});
