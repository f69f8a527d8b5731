import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http, { type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { VirtualTimeScheduler } from 'rxjs';
import { toHttp } from '../../src/serve/to-http.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { Sink } from '../../src/serve/sink.js';
import { localhostPem, Stage } from './sink-harness.js';

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

/** A client over some transport: all it received, and its end. */
interface Talk {
  readonly stream: Duplex;
  text(): string;
  readonly ended: Promise<unknown>;
}

function talk(stream: Duplex): Talk {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const ended = new Promise((resolve) => stream.once('end', resolve).once('close', resolve));
  stream.on('error', () => undefined);
  stage.onDown(() => stream.destroy());
  return { stream, text: () => text, ended };
}

interface Transport {
  server(listener: http.RequestListener): http.Server;
  client(sink: Sink): () => Promise<Talk>;
}

const transports: Record<string, Transport> = {
  TCP: {
    server: (listener) => http.createServer(listener),
    client: (sink) => {
      const port = stage.serve(sink);
      return async () => talk((await stage.client(await port)).socket.setEncoding('utf8').on('data', () => undefined));
    },
  },
  TLS: {
    server: (listener) => https.createServer(pem, listener),
    client: (sink) => {
      const port = stage.serve(sink);
      return async () => {
        const socket = tls.connect({ port: await port, host: '127.0.0.1', ca: pem.cert, servername: 'localhost' });
        await once(socket, 'secureConnect');
        return talk(socket);
      };
    },
  },
  'a stream that is no socket': {
    server: (listener) => http.createServer(listener),
    client: (sink) => () => {
      const [near, far] = memoryPipe();
      sink.next(far);
      return Promise.resolve(talk(near.duplex()));
    },
  },
};

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe.each(Object.keys(transports))('close of toHttp over %s', (name) => {
  const transport = transports[name] as Transport;

  /** A server that keeps what it is asked, and a sink for it. */
  function holding() {
    const held = new Map<string, ServerResponse>();
    const server = transport.server(({ url = '' }, response) => held.set(url, response));
    const sink = toHttp(server);
    return { held, sink, server, connect: transport.client(sink) };
  }
  // Never cuts: what ends, ends by itself.
  const gently = { scheduler: new VirtualTimeScheduler() };

  test('a response that begins after it says so and ends its connection', async () => {
    const { held, sink, connect } = holding();
    const client = await connect();
    client.stream.write(get('/'));
    await until(() => held.has('/'));
    const closed = sink.close(gently);
    held.get('/')?.end('whole');
    await Promise.all([closed, client.ended]);
    expect(client.text()).toMatch(/\r\nConnection: close\r\n[^]*whole$/);
    expect(client.text()).not.toContain('eep-');
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['setHeader', (r) => r.setHeader('Connection', 'keep-alive').setHeader('Keep-Alive', 'timeout=5')],
    ['an object', (r) => r.writeHead(200, { connection: 'keep-alive', 'Keep-Alive': 'timeout=5', 'X-A': '1' })],
    ['a reason and an object', (r) => r.writeHead(200, 'Fine', { connection: 'keep-alive' })],
    ['a list', (r) => r.writeHead(200, ['Connection', 'keep-alive', 'X-A', '1', 'X-A', '2'])],
    ['a list of pairs', (r) => r.writeHead(200, [['Connection', 'keep-alive']] as unknown as OutgoingHttpHeaders)],
    ['a removed header', (r) => r.removeHeader('Connection')],
  ])('an application that says otherwise by %s is not believed', async (_how, act) => {
    const { held, sink, connect } = holding();
    const client = await connect();
    client.stream.write(get('/'));
    await until(() => held.has('/'));
    const closed = sink.close(gently);
    const response = held.get('/') as ServerResponse;
    act(response);
    response.end('whole');
    await Promise.all([closed, client.ended]);
    expect(client.text().match(/^connection: .*$/gim)).toEqual(['Connection: close']);
    expect(client.text()).toMatch(/whole(\r\n0\r\n\r\n)?$/);
    expect(client.text()).not.toContain('eep-');
  });

  test('requests that wait behind another, and one that comes later, are told too', async () => {
    for (const late of [false, true]) {
      const { held, sink, connect } = holding();
      const client = await connect();
      client.stream.write(get('/1'));
      await until(() => held.has('/1'));
      held.get('/1')?.write('one ');
      if (!late) {
        client.stream.write(get('/2'));
        await until(() => held.has('/2'));
      }
      const closed = sink.close(gently);
      if (late) client.stream.write(get('/2'));
      await until(() => held.has('/2'));
      held.get('/2')?.end('two');
      held.get('/1')?.end('whole');
      await Promise.all([closed, client.ended]);
      const [first = '', second = ''] = client.text().split('HTTP/1.1 200 OK').slice(1);
      expect(first).toMatch(/\r\nConnection: keep-alive\r\n[^]*one [^]*whole/);
      expect(second).toMatch(/\r\nConnection: close\r\n[^]*two$/);
    }
  });

  test.each(['in order', 'the last first'])('requests pipelined before it are all answered, %s', async (order) => {
    const { held, sink, connect } = holding();
    const client = await connect();
    const paths = ['/1', '/2', '/3'];
    client.stream.write(paths.map(get).join(''));
    await until(() => held.size === 3);
    const closed = sink.close(gently);
    for (const path of order === 'in order' ? paths : [...paths].reverse()) held.get(path)?.end(`[${path}]`);
    await Promise.all([closed, client.ended]);
    expect(client.text().match(/\[.*?\]|^Connection: .*$/gm)).toEqual([
      'Connection: keep-alive',
      '[/1]',
      'Connection: keep-alive',
      '[/2]',
      'Connection: close',
      '[/3]',
    ]);
  });

  test('a response that had begun is sent to its end, and its connection ends', async () => {
    const { held, sink, connect } = holding();
    const client = await connect();
    client.stream.write(get('/'));
    await until(() => held.has('/'));
    held.get('/')?.write('begun ');
    await until(() => client.text().includes('begun'));
    const closed = sink.close(gently);
    held.get('/')?.end(Buffer.alloc(3_000_000, 'x'));
    await Promise.all([closed, client.ended]);
    expect(client.text().match(/x{4,}/g)?.join('')).toHaveLength(3_000_000);
  });

  test('an idle connection ends at once, beside one that is busy', async () => {
    const { held, sink, connect } = holding();
    const [idle, busy] = [await connect(), await connect()];
    idle.stream.write(get('/idle'));
    busy.stream.write(get('/busy'));
    await until(() => held.size === 2);
    held.get('/idle')?.end();
    await until(() => idle.text().includes('\r\n\r\n'));
    // The server hears of it a turn later.
    await new Promise(setImmediate);
    const closed = sink.close(gently);
    await idle.ended;
    held.get('/busy')?.end('whole');
    await Promise.all([closed, busy.ended]);
    expect(busy.text()).toContain('whole');
  });

  test('another sink of the server goes on, and has the server to itself', async () => {
    const { held, sink, server, connect } = holding();
    const other = toHttp(server);
    const connectOther = transport.client(other);
    const [client, kept] = [await connect(), await connectOther()];
    for (const { stream } of [client, kept]) stream.write(get(`/${stream === client.stream ? 'a' : 'b'}`));
    await until(() => held.size === 2);
    const closed = sink.close(gently);
    for (const response of held.values()) response.end('whole');
    await Promise.all([closed, client.ended]);
    expect(client.text()).toContain('Connection: close');
    await until(() => kept.text().includes('whole'));
    expect(kept.text()).toContain('Connection: keep-alive');
    kept.stream.write(get('/again'));
    await until(() => held.has('/again'));
    held.get('/again')?.end('again');
    await until(() => kept.text().includes('again'));
    await other.close(gently);
  });
});
