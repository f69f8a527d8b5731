import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { VirtualTimeScheduler } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { toHttp } from '../../src/serve/to-http.js';
import { Client, localhostPem, Stage } from './sink-harness.js';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const stage = new Stage();
afterEach(() => stage.down());

function listenerCounts(socket: Socket): Record<string, number> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray());
}

test('a request is answered', async () => {
  const port = await stage.serve(toHttp(http.createServer((_request, response) => response.end('hello'))));
  const response = await fetch(`http://127.0.0.1:${port}`);
  expect(await response.text()).toBe('hello');
});

test('case 7: two pipelined requests are both answered, in order', async () => {
  const port = await stage.serve(toHttp(http.createServer(({ url }, response) => response.end(`[${url}]`))));
  const client = await stage.client(port);
  client.socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await client.ended;
  expect(client.text.match(/\[.*?\]/g)).toEqual(['[/1]', '[/2]']);
});

test('case 8: a body of 1 MB right behind the head arrives intact', async () => {
  const body = Buffer.alloc(1_000_000, 'abcdefg');
  const received = new Promise<Buffer>((resolve) => {
    const server = http.createServer((request, response) => {
      void bodyOf(request).then((bytes) => {
        response.end();
        resolve(bytes);
      });
    });
    void stage.serve(toHttp(server)).then(async (port) => {
      const client = await stage.client(port);
      client.socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
      client.socket.write(body);
    });
  });
  expect(body.equals(await received)).toBe(true);
});

test('case 15: a client that sends its request and FIN gets the reply that comes later, with halfCloseTimeoutMs', async () => {
  const server = http.createServer((request, response) => {
    request.socket.once('end', () => setImmediate(() => response.end('late')));
  });
  const sink = toHttp(server, { halfCloseTimeoutMs: 1000, scheduler: new VirtualTimeScheduler() });
  const client = await stage.client(await stage.serve(sink));
  client.socket.end(GET);
  await client.ended;
  expect(client.text).toContain('late');
  await sink.close();
  expect(server).toMatchObject({ httpAllowHalfOpen: false });
});

describe.each(['http', 'https'])('halfCloseTimeoutMs, over %s', (scheme) => {
  test('ends a client that takes nothing for so long after its FIN, not one that does', async () => {
    const scheduler = new VirtualTimeScheduler();
    const responses: ServerResponse[] = [];
    const listener = (_request: IncomingMessage, response: ServerResponse): void => {
      responses.push(response);
      response.write('first ');
    };
    const server = scheme === 'http' ? http.createServer(listener) : https.createServer(await localhostPem(), listener);
    const sink = toHttp(server, { halfCloseTimeoutMs: 1000, scheduler });
    const outer = await stage.client(await stage.serve(sink));
    const client =
      scheme === 'http'
        ? outer
        : new Client(connectTls({ socket: outer.socket, rejectUnauthorized: false }).setEncoding('latin1'));
    client.socket.end(GET);
    await client.received('first');
    const [response] = responses as [ServerResponse];
    if (!response.req.socket.readableEnded) await once(response.req.socket, 'end');
    const passTo = (ms: number): void => {
      scheduler.maxFrames = ms;
      scheduler.flush();
    };
    passTo(900);
    response.write('second ');
    await client.received('second');
    passTo(1900);
    expect(response.destroyed).toBe(false);
    passTo(2000);
    await client.closed;
    expect(response.destroyed).toBe(true);
    expect(scheduler.actions).toEqual([]);
  });
});

test('without halfCloseTimeoutMs the FIN of a client ends its request, as in a server of Node', async () => {
  const aborted = new Promise((resolve) => {
    const server = http.createServer((_request, response) => response.once('close', resolve));
    void stage.serve(toHttp(server)).then(async (port) => (await stage.client(port)).socket.end(GET));
  });
  await aborted;
});

test.each([0, 1.5, 2 ** 31, Number.NaN])('halfCloseTimeoutMs of %p is refused', (halfCloseTimeoutMs) => {
  expect(() => toHttp(http.createServer(), { halfCloseTimeoutMs })).toThrow(/ERR_MUX_OPTION.*halfCloseTimeoutMs/);
});

test('two sinks of a server agree on half-open clients', () => {
  const server = http.createServer();
  toHttp(server);
  expect(() => toHttp(server, { halfCloseTimeoutMs: 1000 })).toThrow('ERR_MUX_OPTION');
});

test('case 63: a head that does not come to its end is answered 408', async () => {
  const server = http.createServer({ headersTimeout: 50, connectionsCheckingInterval: 10 });
  const client = await stage.client(await stage.serve(toHttp(server)));
  client.socket.write('GET / HT');
  await client.ended;
  expect(client.text).toContain(' 408 ');
});

test('closeAllConnections of the server closes what was handed over', async () => {
  const server = http.createServer((_request, response) => response.write('part'));
  const client = await stage.client(await stage.serve(toHttp(server)));
  client.socket.write(GET);
  await client.received('part');
  server.closeAllConnections();
  await client.ended;
  expect(client.text).toContain('part');
});

test('a server that never listens is told once that it does, however many sinks it has', () => {
  const server = http.createServer();
  let told = 0;
  server.on('listening', () => told++);
  toHttp(server);
  toHttp(server);
  expect(told).toBe(1);
});

test('a server that listens by itself is not told so again', async () => {
  const server = http.createServer().listen(0);
  stage.onDown(() => server.close());
  await once(server, 'listening');
  let told = 0;
  server.on('listening', () => told++);
  toHttp(server);
  expect(told).toBe(0);
});

test('the native parser of Node reads the socket', async () => {
  interface Internals {
    readonly _handle: { readonly _consumed: boolean };
    readonly parser: { readonly _consumed: boolean };
  }
  const server = http.createServer(({ socket }, response) => {
    const { _handle: handle, parser } = socket as unknown as Internals;
    response.end(`${handle._consumed} ${parser._consumed}`);
  });
  const response = await fetch(`http://127.0.0.1:${await stage.serve(toHttp(server))}`);
  expect(await response.text()).toBe('true true');
});

test('case 64: the socket has the listeners it has in a server of its own, and no more', async () => {
  const seen: Record<string, number>[] = [];
  const server = http.createServer(({ socket }, response) => {
    seen.push(listenerCounts(socket));
    response.end();
  });
  const sink = toHttp(server);
  await (await fetch(`http://127.0.0.1:${await stage.serve(sink)}`)).text();
  server.listen(0);
  await once(server, 'listening');
  stage.onDown(() => server.close());
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  expect(seen[0]).toEqual(seen[1]);
});

test('close ends idle connections of a port that the server opened after its first sink', async () => {
  const server = http.createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end());
  toHttp(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: true });
  stage.onDown(() => {
    agent.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const [response] = (await once(http.get({ port, host: '127.0.0.1', agent }), 'response')) as [http.IncomingMessage];
  const { socket } = response.resume();
  await once(response, 'end');
  const closed = Promise.all([once(socket, 'close'), once(server, 'close')]);
  server.close();
  await closed;
});

test('a server of node:https is given connections still encrypted', async () => {
  const pem = await localhostPem();
  const server = https.createServer(pem, (_request, response) => response.end('secret'));
  const sink = toHttp(server);
  const port = await stage.serve(sink);
  const request = https.get({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: new https.Agent({ keepAlive: true }),
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect((await bodyOf(response)).toString()).toBe('secret');
  await sink.close();
});

test('a stream that is no socket is served too', async () => {
  const server = http.createServer((_request, response) => response.end('over a pipe'));
  const [near, far] = duplexPair();
  toHttp(server).next(fromDuplex(far));
  near.end(GET.replace('Host', 'Connection: close\r\nHost'));
  expect(Buffer.concat(await near.toArray()).toString()).toContain('over a pipe');
});

test('close ends an idle connection at once', async () => {
  const sink = toHttp(http.createServer((_request, response) => response.end('done')));
  const client = await stage.client(await stage.serve(sink));
  client.socket.write(GET);
  await client.received('done');
  await sink.close({ scheduler: new VirtualTimeScheduler() });
  await client.ended;
  expect(client.error).toBeUndefined();
});

test('close lets a request under way finish, then ends its connection', async () => {
  const responses: ServerResponse[] = [];
  const sink = toHttp(http.createServer((_request, response) => responses.push(response)));
  const client = await stage.client(await stage.serve(sink));
  client.socket.write(GET);
  while (responses.length === 0) await new Promise(setImmediate);
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  responses[0]?.end('at last');
  await closed;
  await client.ended;
  expect(client.text).toContain('at last');
});

test('close does not cut a response that is still being sent', async () => {
  const body = Buffer.alloc(30_000_000, 'x');
  let sent = 0;
  const sink = toHttp(
    http.createServer((_request, response) => {
      response.end(body);
      sent++;
    }),
  );
  const client = await stage.client(await stage.serve(sink));
  client.socket.pause();
  client.socket.write(GET);
  while (sent === 0) await new Promise(setImmediate);
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  client.socket.resume();
  await closed;
  await client.ended;
  expect(client.text.length).toBeGreaterThan(body.length);
});

test('close does not cut a response that is still being sent over https', async () => {
  const body = Buffer.alloc(30_000_000, 'x');
  const server = https.createServer(await localhostPem(), (_request, response) => response.end(body));
  const sink = toHttp(server);
  const request = https.get({
    port: await stage.serve(sink),
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: new https.Agent({ keepAlive: true }),
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  expect((await bodyOf(response)).length).toBe(body.length);
  await closed;
});

test('a request that comes while closing is answered with Connection: close', async () => {
  const held: ServerResponse[] = [];
  const sink = toHttp(
    http.createServer(({ url }, response) => {
      if (url === '/held') held.push(response);
      else response.end('last');
    }),
  );
  const port = await stage.serve(sink);
  const [holder, client] = [await stage.client(port), await stage.client(port)];
  holder.socket.write(GET.replace('/', '/held'));
  client.socket.write(GET.slice(0, 10));
  while (held.length === 0) await new Promise(setImmediate);
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  client.socket.write(GET.slice(10));
  await client.ended;
  expect(client.text).toMatch(/Connection: close[^]*last/);
  held[0]?.end();
  await closed;
});

test('after close the server is as it was, and may be given to a sink anew', async () => {
  const server = http.createServer((_request, response) => response.end('again'));
  await toHttp(server).close();
  const response = await fetch(`http://127.0.0.1:${await stage.serve(toHttp(server))}`);
  expect([await response.text(), response.headers.get('connection')]).toEqual(['again', 'keep-alive']);
});
