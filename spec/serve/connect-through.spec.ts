import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { firstValueFrom } from 'rxjs';
import { Agent, Client, fetch, Pool, request, type Dispatcher } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { connectThrough } from '../../src/serve/connect-through.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import type { Session } from '../../src/session/session.js';
import { sessionPair } from './session-pair.js';

const downs: (() => unknown)[] = [];
afterEach(async () => {
  for (const down of downs.splice(0).reverse()) await down();
});

function joined(): readonly [Session, Session] {
  const [client, server] = sessionPair();
  downs.push(() => {
    for (const s of [client, server]) s.conn._destroy(undefined, false);
  });
  return [client, server];
}

function overHttp(): Session {
  const [client, server] = joined();
  server.accept$.subscribe(toHttp(http.createServer((request_, response) => void request_.pipe(response))));
  return client;
}

function overHttp2(): Session {
  const [client, server] = joined();
  const h2 = http2.createServer((request_, response) => {
    request_.pipe(response);
  });
  server.accept$.subscribe(toHttp2(h2));
  return client;
}

const code = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

async function closed(s: Session): Promise<Session> {
  s.close();
  await firstValueFrom(s.closed$);
  return s;
}

describe('connectThrough for undici', () => {
  const kinds: readonly [string, (s: Session) => Dispatcher][] = [
    ['Agent', (s) => new Agent({ connect: connectThrough(s) })],
    ['Pool', (s) => new Pool('http://peer', { connect: connectThrough(s), connections: 3 })],
    ['Client', (s) => new Client('http://peer', { connect: connectThrough(s) })],
  ];

  it.each(kinds)('makes requests with a %s, large and small', async (_kind, make) => {
    const dispatcher = make(overHttp());
    downs.push(() => dispatcher.destroy());
    for (const size of [0, 5, 1_000_000]) {
      const { body } = await request('http://peer/', { dispatcher, method: 'POST', body: Buffer.alloc(size, 'x') });
      expect((await body.text()).length).toBe(size);
    }
  });

  it('makes requests side by side with fetch', async () => {
    const dispatcher = new Agent({ connect: connectThrough(overHttp()) });
    downs.push(() => dispatcher.destroy());
    const bodies = Array.from({ length: 20 }, (_, i) => `request ${i}`);
    const replies = bodies.map(async (body) =>
      (await fetch('http://peer/', { dispatcher, method: 'POST', body })).text(),
    );
    expect(await Promise.all(replies)).toEqual(bodies);
  });

  it('calls back later, never from within the call: undici would not send its first request', async () => {
    const calls: unknown[] = [];
    connectThrough(overHttp())({}, (error) => calls.push(error));
    expect(calls).toEqual([]);
    await Promise.resolve();
    expect(calls).toEqual([null]);
  });

  it.each(kinds)('fails the requests of a %s with the error of the session', async (_kind, make) => {
    const dispatcher = make(await closed(overHttp()));
    downs.push(() => dispatcher.destroy());
    expect(await request('http://peer/', { dispatcher }).catch(code)).toBe('ERR_MUX_CLOSED');
  });

  it('fails a request under way when the session is lost', async () => {
    const [client, server] = joined();
    server.accept$.subscribe(toHttp(http.createServer(() => undefined)));
    const dispatcher = new Agent({ connect: connectThrough(client) });
    downs.push(() => dispatcher.destroy());
    const reply = request('http://peer/', { dispatcher }).catch(code);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    client.conn._destroy(undefined, true);
    expect(await reply).toBe('ERR_MUX_TRANSPORT');
  });
});

describe('connectThrough for node:http', () => {
  it('makes a request', async () => {
    const sent = http
      .request({ host: 'peer', method: 'POST', createConnection: connectThrough(overHttp()) })
      .end('hello');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(String(await response.toArray())).toBe('hello');
  });

  it('fails one with the error of the session', async () => {
    const sent = http.get({ host: 'peer', createConnection: connectThrough(await closed(overHttp())) });
    await expect(once(sent, 'response')).rejects.toMatchObject({ code: 'ERR_MUX_CLOSED' });
  });
});

describe('connectThrough for node:http2', () => {
  function connected(s: Session): ClientHttp2Session {
    const session = http2.connect('http://peer', { createConnection: connectThrough(s) });
    downs.push(() => session.destroy());
    return session;
  }

  async function post(session: ClientHttp2Session, body: string): Promise<string> {
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    expect(headers[':status']).toBe(200);
    return Buffer.concat((await stream.toArray()) as Buffer[]).toString();
  }

  it('makes requests side by side over one stream', async () => {
    const client = overHttp2();
    const session = connected(client);
    const bodies = ['one', 'two', 'x'.repeat(300_000)];
    expect(await Promise.all(bodies.map((body) => post(session, body)))).toEqual(bodies);
    expect(client.streams).toHaveLength(1);
  });

  it('is an error of the HTTP/2 session when the session below is closed or lost', async () => {
    const late = connected(await closed(overHttp2()));
    const onConnect = jest.fn();
    late.on('connect', onConnect);
    expect(await once(late, 'error')).toEqual([expect.objectContaining({ code: 'ERR_MUX_CLOSED' })]);
    expect(onConnect).not.toHaveBeenCalled();
    const client = overHttp2();
    const session = connected(client);
    await once(session, 'remoteSettings');
    const failed = once(session, 'error');
    client.conn._destroy(undefined, true);
    expect(await failed).toEqual([expect.objectContaining({ code: 'ERR_MUX_TRANSPORT' })]);
  });
});

describe('connectThrough for ws', () => {
  function socket(s: Session): WebSocket {
    const client = new WebSocket('ws://peer/live', { createConnection: connectThrough(s) });
    downs.push(() => client.terminate());
    return client;
  }

  it('echoes messages, and closes with a code', async () => {
    const [client, server] = joined();
    const webSocketServer = new WebSocketServer({ noServer: true });
    webSocketServer.on('connection', (accepted) => accepted.on('message', (data) => accepted.send(data)));
    server.accept$.subscribe(toWebSocket(webSocketServer));
    const live = socket(client);
    await once(live, 'open');
    live.send(Buffer.alloc(300_000, 'x'));
    const [echo] = (await once(live, 'message')) as [Buffer];
    expect(echo.length).toBe(300_000);
    live.close(4001, 'enough');
    expect(await once(live, 'close')).toEqual([4001, Buffer.from('enough')]);
  });

  it('fails with the error of the session', async () => {
    await expect(once(socket(await closed(overHttp())), 'open')).rejects.toMatchObject({ code: 'ERR_MUX_CLOSED' });
  });
});
