import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http, { type Agent, type AgentOptions, type IncomingMessage, type RequestListener } from 'node:http';
import { firstValueFrom } from 'rxjs';
import { fetch, Agent as UndiciAgent } from 'undici';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import type { Session } from '../../src/session/session.js';
import { CODECS } from '../session/session-ends.js';
import { sessionPair } from './session-pair.js';

const downs: (() => unknown)[] = [];
afterEach(async () => {
  for (const down of downs.splice(0).reverse()) await down();
});

const sha = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

/** Echoes the body, and tells in a trailer which hash arrived. */
const echo: RequestListener = (request, response) => {
  const hash = createHash('sha256');
  response.writeHead(200, { Trailer: 'X-Sha' });
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.pipe(response, { end: false });
  request.on('end', () => {
    response.addTrailers({ 'X-Sha': hash.digest('hex') });
    response.end();
  });
};

describe.each(CODECS)('node:http over streams of %s', (_name, codec) => {
  function served(listener: RequestListener = echo): readonly [Session, Session] {
    const [client, server] = sessionPair({}, codec);
    downs.push(() => {
      for (const s of [client, server]) s.conn._destroy(undefined, false);
    });
    server.accept$.subscribe(toHttp(http.createServer(listener)));
    return [client, server];
  }

  function agentOf(s: Session, options?: AgentOptions): Agent {
    const agent = httpAgent(s, options);
    downs.push(() => agent.destroy());
    return agent;
  }

  async function post(agent: Agent, body: Buffer | string): Promise<{ text: Buffer; sha: unknown }> {
    const request = http.request({ agent, host: 'peer', method: 'POST' }).end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = Buffer.concat((await response.toArray()) as Buffer[]);
    return { text, sha: response.trailers['x-sha'] };
  }

  it('answers a hundred requests at a time, each on a stream of its own', async () => {
    const [client] = served();
    const agent = agentOf(client);
    const bodies = Array.from({ length: 100 }, (_, i) => Buffer.from(`request ${i}`));
    const replies = await Promise.all(bodies.map((body) => post(agent, body)));
    expect(replies).toEqual(bodies.map((text) => ({ text, sha: sha(text) })));
    expect((await firstValueFrom(client.stats$)).opened).toBe(100);
  });

  it('carries 10 MB there and back, to the byte', async () => {
    const [client] = served();
    const body = randomBytes(10_000_000);
    const reply = await post(agentOf(client), body);
    expect([reply.sha, sha(reply.text)]).toEqual([sha(body), sha(body)]);
  });

  it('keeps a stream alive for the next request', async () => {
    const [client] = served();
    const agent = agentOf(client, { keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 20; i++) expect(String((await post(agent, `request ${i}`)).text)).toBe(`request ${i}`);
    expect((await firstValueFrom(client.stats$)).opened).toBe(1);
  });

  it('serves fetch of undici', async () => {
    const [client] = served();
    const dispatcher = new UndiciAgent({ connect: connectThrough(client) });
    downs.push(() => dispatcher.destroy());
    const body = randomBytes(1_000_000);
    const response = await fetch('http://peer/', { dispatcher, method: 'POST', body });
    expect(sha(await response.bytes())).toBe(sha(body));
  });
});
