import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { duplexOver } from '../../src/conn/conn-duplex.js';
import { toHttp } from '../../src/serve/to-http.js';
import { memoryPipe, type MemoryPipeOptions } from '../../src/testing/memory-pipe.js';

/** An agent whose every connection is one end of a pipe; the other end is given to `accept`. */
class PipeAgent extends http.Agent {
  opened = 0;
  readonly #accept: (conn: Conn) => void;
  readonly #pipe: MemoryPipeOptions;

  constructor(accept: (conn: Conn) => void, options: http.AgentOptions = {}, pipe: MemoryPipeOptions = {}) {
    super(options);
    this.#accept = accept;
    this.#pipe = pipe;
  }

  override createConnection(): Duplex {
    this.opened++;
    const [client, server] = memoryPipe(this.#pipe);
    this.#accept(server);
    return client.duplex();
  }
}

async function text(message: IncomingMessage): Promise<string> {
  return Buffer.concat((await message.toArray()) as Buffer[]).toString();
}

async function get(agent: http.Agent, body?: Buffer): Promise<string> {
  const request = http.request({ agent, host: 'pipe', method: 'POST' }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

const echo: RequestListener = (request, response) => void request.pipe(response);

test('an agent that keeps connections alive makes a hundred requests over one', async () => {
  const sink = toHttp(http.createServer(echo));
  const agent = new PipeAgent((conn) => sink.next(conn), { keepAlive: true, timeout: 60_000, maxSockets: 1 });
  for (let i = 0; i < 100; i++) expect(await get(agent, Buffer.from(`request ${i}`))).toBe(`request ${i}`);
  expect(agent.opened).toBe(1);
  agent.destroy();
});

test('large bodies go both ways through a narrow pipe, and arrive whole before the connection closes', async () => {
  const sink = toHttp(http.createServer(echo));
  const agent = new PipeAgent((conn) => sink.next(conn), { keepAlive: false }, { capacityBytes: 1000 });
  const body = Buffer.alloc(500_000, 'abcdefghij');
  expect((await get(agent, body)) === body.toString()).toBe(true);
});

test('the server sees the address of the connection', async () => {
  const sink = toHttp(http.createServer((request, response) => response.end(request.socket.remoteAddress)));
  const agent = new PipeAgent((conn) => {
    conn._readdress({ remoteAddress: '203.0.113.7' });
    sink.next(conn);
  });
  expect(await get(agent)).toBe('203.0.113.7');
});

test('an idle connection is closed after keepAliveTimeout, by the clock of the stream', async () => {
  const scheduler = new VirtualTimeScheduler();
  const server = http.createServer(echo);
  server.keepAliveTimeout = 5000;
  const [client, conn] = memoryPipe();
  server.emit('connection', duplexOver(conn, scheduler));
  const near = client.duplex();
  let reply = '';
  near.setEncoding('latin1').on('data', (chunk: string) => (reply += chunk));
  near.write('GET / HTTP/1.1\r\nHost: pipe\r\n\r\n');
  while (!reply.includes('0\r\n\r\n')) await once(near, 'data');
  // Its parser notices the end of the request a little later.
  await new Promise((resolve) => setImmediate(resolve));
  scheduler.flush();
  await expect(once(near, 'close')).rejects.toMatchObject({ code: 'ERR_MUX_RESET' });
  expect(scheduler.now()).toBeGreaterThanOrEqual(5000);
});

test('a client that resets in the middle of a response closes it, and the server serves the next one', async () => {
  let onClosed: () => void;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const server = http.createServer((request, response) => {
    if (request.url !== '/large') {
      response.end('next');
      return;
    }
    response.on('close', () => onClosed());
    response.write(Buffer.alloc(1_000_000));
  });
  const sink = toHttp(server);
  const [client, conn] = memoryPipe({ capacityBytes: 1000 });
  sink.next(conn);
  client.next(Buffer.from('GET /large HTTP/1.1\r\nHost: pipe\r\n\r\n'));
  await once(server, 'request');
  client.error(new Error('had enough'));
  await closed;
  expect(await get(new PipeAgent((next) => sink.next(next)))).toBe('next');
});

test('a client learns of a reset in the middle of a response', async () => {
  const agent = new PipeAgent((conn) => {
    conn.subscribe({
      next: () => {
        conn.next(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
        setImmediate(() => conn.error(new Error('crashed')));
      },
      error: () => undefined,
    });
  });
  const request: ClientRequest = http.get({ agent, host: 'pipe' });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const failed = once(request, 'error');
  await expect(text(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_MUX_RESET' })]);
});
