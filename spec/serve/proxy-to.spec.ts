import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { firstValueFrom, Subject, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { proxyTo, type ProxyFailure } from '../../src/serve/proxy-to.js';
import { Client, Stage } from './sink-harness.js';

const stage = new Stage();
afterEach(() => stage.down());

/** A backend of plain sockets; `accepted` gives them in order. */
async function backend(
  serve: (socket: Socket) => void = () => undefined,
): Promise<{ port: number; next(): Promise<Client> }> {
  const arrived: Client[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    stage.onDown(() => socket.destroy());
    arrived.push(new Client(socket));
    serve(socket);
    server.emit('arrived');
  }).listen(0, '127.0.0.1');
  stage.onDown(() => server.close());
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async next() {
      while (arrived.length === 0) await once(server, 'arrived');
      return arrived.shift() as Client;
    },
  };
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const host = '127.0.0.1';

test('bytes and FIN pass in both directions, each direction by itself', async () => {
  const behind = await backend();
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host })));
  client.socket.end('question');
  const server = await behind.next();
  await server.ended;
  expect(server.text).toBe('question');
  server.socket.end('answer');
  await client.ended;
  expect(client.text).toBe('answer');
});

test('case 16: what came with FIN before the backend was dialed is not lost', async () => {
  const behind = await backend();
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host }), 'afterFin'));
  client.socket.end('all at once');
  const server = await behind.next();
  await server.ended;
  expect(server.text).toBe('all at once');
});

test('a backend that speaks first is heard by a client that says nothing', async () => {
  const behind = await backend((socket) => socket.write('220 ready'));
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host })));
  await client.received('220 ready');
  expect(client.socket.bytesWritten).toBe(0);
});

test('20 MB pass to a slow backend, which holds the client back meanwhile', async () => {
  const behind = await backend((socket) => socket.pause());
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host })));
  const data = Buffer.alloc(20_000_000, 'x');
  let flushed = false;
  client.socket.end(data, () => (flushed = true));
  const server = await behind.next();
  // All buffers on the way fill up: the client's queue stays as it is.
  for (let left = -1; left !== client.socket.bytesWritten;) {
    left = client.socket.bytesWritten;
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  }
  expect(flushed).toBe(false);
  server.socket.resume();
  await server.ended;
  expect(server.text.length).toBe(data.length);
});

test('a reset by the client resets the backend', async () => {
  const behind = await backend();
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host })));
  client.socket.write('x');
  const server = await behind.next();
  await server.received('x');
  client.socket.resetAndDestroy();
  await server.closed;
  expect(server.error?.code).toBe('ECONNRESET');
});

test('a reset by the backend resets the client', async () => {
  const behind = await backend();
  const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host })));
  const server = await behind.next();
  server.socket.write('spliced');
  await client.received('spliced');
  server.socket.resetAndDestroy();
  await client.closed;
  expect(client.error?.code).toBe('ECONNRESET');
});

test('a refused backend closes the client and is told', async () => {
  const failed = new Subject<ProxyFailure>();
  const failure = firstValueFrom(failed);
  const client = await stage.client(await stage.serve(proxyTo({ port: await closedPort(), host }, { failed })));
  const { conn, error } = await failure;
  expect(error.code).toBe('ERR_MUX_CONNECT');
  expect((await firstValueFrom(conn.closed$)).error).toBe(error);
  await client.ended;
  expect(client.error).toBeUndefined();
});

test('a backend that is not reached in time is given up and told', async () => {
  const scheduler = new VirtualTimeScheduler();
  const failed = new Subject<ProxyFailure>();
  const failure = firstValueFrom(failed);
  const behind = await backend();
  // The backend accepts and says nothing, so that the TLS handshake never ends.
  const sink = proxyTo(
    { port: behind.port, host, tls: {} },
    {
      connectTimeoutMs: 700,
      failed,
      scheduler,
    },
  );
  const [conn] = await accepted();
  sink.next(conn);
  scheduler.flush();
  const { error } = await failure;
  expect([error.code, scheduler.frame]).toEqual(['ERR_MUX_CONNECT', 700]);
  expect(error.message).toContain('700 ms');
});

test('a client that goes away while its backend is dialed gives up the attempt, and that is no failure', async () => {
  const failures: ProxyFailure[] = [];
  const behind = await backend();
  const sink = proxyTo({ port: behind.port, host, tls: {} }, { failed: { next: (failure) => failures.push(failure) } });
  const [conn, socket] = await accepted();
  sink.next(conn);
  const server = await behind.next();
  socket.destroy();
  await server.ended;
  expect(failures).toEqual([]);
});

test('the target is chosen for each connection', async () => {
  const [one, two] = [await backend(), await backend()];
  let count = 0;
  const port = await stage.serve(proxyTo(() => ({ port: [one, two][count++]?.port ?? 0, host })));
  (await stage.client(port)).socket.end('first');
  const first = await one.next();
  await first.ended;
  (await stage.client(port)).socket.end('second');
  const second = await two.next();
  await second.ended;
  expect([first.text, second.text]).toEqual(['first', 'second']);
});

test('a choice that throws closes that connection and is told', async () => {
  const failed = new Subject<ProxyFailure>();
  const failure = firstValueFrom(failed);
  const cause = new Error('no such backend');
  const sink = proxyTo(
    () => {
      throw cause;
    },
    { failed },
  );
  const client = await stage.client(await stage.serve(sink));
  expect((await failure).error).toMatchObject({ code: 'ERR_MUX_CONNECT', cause });
  await client.ended;
});

test('a target, and a header, that cannot be meant is refused at once', () => {
  const tlvs = [{ type: 256, value: new Uint8Array(0) }];
  expect(() => proxyTo({})).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  expect(() => proxyTo({ port: 1 }, { header: { version: 2, tlvs } })).toThrow(
    expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
  );
});

test.each([1, 2] as const)(
  'a PROXY header of version %i tells the backend who the client is, ahead of its bytes',
  async (version) => {
    const behind = await backend();
    const client = await stage.client(await stage.serve(proxyTo({ port: behind.port, host }, { header: { version } })));
    client.socket.end('hello');
    const server = await behind.next();
    await server.ended;
    const { localPort, remotePort } = client.socket;
    if (version === 1) expect(server.text).toBe(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${remotePort}\r\nhello`);
    else expect(server.text).toMatch(/^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c[^]{12}hello$/);
  },
);

test('close waits for what is spliced, then cuts both sides', async () => {
  const behind = await backend();
  const sink = proxyTo({ port: behind.port, host });
  const port = await stage.serve(sink);
  const [done, stays] = [await stage.client(port), await stage.client(port)];
  done.socket.end();
  stays.socket.write('x');
  const [one, two] = [await behind.next(), await behind.next()];
  one.socket.end();
  two.socket.pause();
  await done.ended;
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ graceMs: 300, scheduler });
  scheduler.flush();
  await closed;
  await stays.ended;
  expect(scheduler.frame).toBe(300);
});

async function accepted(): Promise<[Conn, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, host);
  stage.onDown(() => server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, host);
  stage.onDown(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  return [fromDuplex(socket), socket];
}

test.each([0, -1, 1.5, NaN])('a connect timeout of %s ms is refused when called', (connectTimeoutMs) => {
  expect(() => proxyTo({ port: 1 }, { connectTimeoutMs })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
});

test('a client that resets behind half of its upload never looks like one that has ended, in 40 runs', async () => {
  const behind = await backend();
  const port = await stage.serve(proxyTo({ port: behind.port, host }));
  for (let run = 0; run < 40; run++) {
    const client = await stage.client(port);
    let isWhole = false;
    client.socket.write(Buffer.alloc(20_000 + run), () => client.socket.resetAndDestroy());
    const server = await behind.next();
    server.socket.once('end', () => (isWhole = true));
    await server.closed;
    expect([isWhole, server.error?.code]).toEqual([false, 'ECONNRESET']);
  }
});
