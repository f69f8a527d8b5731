import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type Agent, type IncomingMessage, type RequestListener } from 'node:http';
import { firstValueFrom } from 'rxjs';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import type { Session } from '../../src/session/session.js';
import { sessionPair } from './session-pair.js';

const echo: RequestListener = (request, response) => void request.pipe(response);

const sessions: Session[] = [];
afterEach(() => {
  for (const s of sessions.splice(0)) s.conn._destroy(undefined, false);
});

/** A session whose other end serves HTTP. */
function served(listener: RequestListener = echo): { readonly client: Session; readonly server: Session } {
  const [client, server] = sessionPair();
  sessions.push(client, server);
  server.accept$.subscribe(toHttp(http.createServer(listener)));
  return { client, server };
}

async function post(agent: Agent, body: Buffer | string = ''): Promise<Buffer> {
  const request = http.request({ agent, host: 'peer', method: 'POST' }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return Buffer.concat((await response.toArray()) as Buffer[]);
}

const code = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

describe('httpAgent', () => {
  it('makes a hundred requests over one stream when it keeps connections alive', async () => {
    const { client } = served();
    const agent = httpAgent(client, { keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 100; i++) expect(String(await post(agent, `request ${i}`))).toBe(`request ${i}`);
    const { opened } = await firstValueFrom(client.stats$);
    expect([opened, client.streams.length]).toEqual([1, 1]);
    agent.destroy();
  });

  it('makes requests side by side, each over a stream of its own that ends with it', async () => {
    const { client, server } = served();
    const agent = httpAgent(client);
    const bodies = Array.from({ length: 50 }, (_, i) => `request ${i}`);
    expect((await Promise.all(bodies.map((body) => post(agent, body)))).map(String)).toEqual(bodies);
    expect((await firstValueFrom(client.stats$)).opened).toBe(50);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([client.streams.length, server.streams.length]).toEqual([0, 0]);
  });

  it('carries large bodies both ways, past every window', async () => {
    const { client } = served();
    const body = Buffer.alloc(3_000_000, 'abcdefghij');
    expect((await post(httpAgent(client), body)).equals(body)).toBe(true);
  });

  it('works from either end of a session: the server asks the client', async () => {
    const [client, server] = sessionPair();
    sessions.push(client, server);
    client.accept$.subscribe(toHttp(http.createServer((_request, response) => response.end('behind NAT'))));
    expect(String(await post(httpAgent(server)))).toBe('behind NAT');
  });

  it('ends its streams when it is destroyed, and not the session', async () => {
    const { client } = served();
    const agent = httpAgent(client, { keepAlive: true });
    await post(agent);
    agent.destroy();
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.streams).toEqual([]);
    expect(String(await post(httpAgent(client), 'again'))).toBe('again');
  });

  it('gives up an idle stream that the server closes, and opens another', async () => {
    const { client, server } = served();
    const agent = httpAgent(client, { keepAlive: true });
    await post(agent);
    for (const stream of server.streams) stream.error(new Error('closed'));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(String(await post(agent, 'again'))).toBe('again');
    agent.destroy();
  });

  it.each([true, false])(
    'fails requests with the error of a session that was closed (keepAlive: %p)',
    async (keepAlive) => {
      const { client } = served();
      const agent = httpAgent(client, { keepAlive });
      await post(agent);
      client.close();
      await firstValueFrom(client.closed$);
      expect(await post(agent).catch(code)).toBe('ERR_MUX_CLOSED');
    },
  );

  it('fails requests with the error of a session that was lost, and those under way too', async () => {
    const { client } = served(() => undefined);
    const agent = httpAgent(client, { keepAlive: true });
    const underWay = post(agent).catch(code);
    await new Promise((resolve) => setImmediate(resolve));
    client.conn._destroy(undefined, true);
    expect(await underWay).toBe('ERR_MUX_TRANSPORT');
    expect(await post(agent).catch(code)).toBe('ERR_MUX_TRANSPORT');
  });

  it('breaks off a response whose session is lost', async () => {
    const { client } = served((_request, response) => response.write('half of it'));
    const request = http.get({ agent: httpAgent(client), host: 'peer' });
    request.on('error', () => undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const read = response.toArray();
    client.conn._destroy(undefined, true);
    expect(await read.catch(code)).toBe('ECONNRESET');
  });

  it('fails a request when the session is lost in the tick in which it is made', async () => {
    const { client } = served();
    const reply = post(httpAgent(client)).catch(code);
    client.conn._destroy(undefined, true);
    expect(await reply).toBe('ERR_MUX_TRANSPORT');
  });

  it('takes Node’s timeout of a request', async () => {
    const { client } = served(() => undefined);
    const request = http.get({ agent: httpAgent(client), host: 'peer', timeout: 1 });
    request.on('error', () => undefined);
    await once(request, 'timeout');
    request.destroy();
  });
});
