import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type Http2Server } from 'node:http2';
import { firstValueFrom } from 'rxjs';
import { connectThrough } from '../../src/serve/connect-through.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import type { Session } from '../../src/session/session.js';
import { CODECS } from '../session/session-ends.js';
import { sessionPair } from './session-pair.js';

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0).reverse()) down();
});

const sha = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

describe.each(CODECS)('node:http2 over one stream of %s', (_name, codec) => {
  interface Joined {
    readonly h2: ClientHttp2Session;
    readonly server: Http2Server;
    readonly client: Session;
    readonly far: Session;
  }

  function connected(): Joined {
    const [client, far] = sessionPair({}, codec);
    const server = http2.createServer((request, response) => {
      request.pipe(response);
    });
    far.accept$.subscribe(toHttp2(server));
    const h2 = http2.connect('http://peer', { createConnection: connectThrough(client) });
    downs.push(() => {
      h2.destroy();
      for (const s of [client, far]) s.conn._destroy(undefined, false);
    });
    return { h2, server, client, far };
  }

  async function post(h2: ClientHttp2Session, body: Buffer): Promise<Buffer> {
    const request = h2.request({ ':method': 'POST', ':path': '/' });
    request.end(body);
    return Buffer.concat((await request.toArray()) as Buffer[]);
  }

  it('answers a hundred requests at a time', async () => {
    const { h2, client } = connected();
    const bodies = Array.from({ length: 100 }, (_, i) => Buffer.alloc(i * 100, i));
    const replies = await Promise.all(bodies.map((body) => post(h2, body)));
    expect(replies.map(sha)).toEqual(bodies.map(sha));
    expect((await firstValueFrom(client.stats$)).opened).toBe(1);
  });

  it('carries 10 MB there and back, to the byte', async () => {
    const { h2 } = connected();
    const body = randomBytes(10_000_000);
    expect(sha(await post(h2, body))).toBe(sha(body));
  });

  it('ends the stream when the HTTP/2 session is closed, and not the session that it runs over', async () => {
    const { h2, client, far } = connected();
    await post(h2, Buffer.from('one'));
    const [stream] = client.streams;
    h2.close();
    await once(h2, 'close');
    await firstValueFrom((stream as NonNullable<typeof stream>).closed$);
    const again = http2.connect('http://peer', { createConnection: connectThrough(client) });
    downs.push(() => again.destroy());
    expect(String(await post(again, Buffer.from('two')))).toBe('two');
    expect(far.streams).toHaveLength(1);
  });

  it('pings through the stream', async () => {
    const { h2 } = connected();
    await once(h2, 'remoteSettings');
    const payload = Buffer.from('12345678');
    const echoed = await new Promise((resolve) => h2.ping(payload, (_error, _ms, answer) => resolve(answer)));
    expect(echoed).toEqual(payload);
  });
});
