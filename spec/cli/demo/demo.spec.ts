import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import { firstValueFrom } from 'rxjs';
import { codecs, type CodecName } from '../../../src/cli/codecs.js';
import { demo, type Demo } from '../../../src/cli/demo/demo.js';
import { dial } from '../../../src/net/dial.js';
import { connectThrough } from '../../../src/serve/connect-through.js';
import { httpAgent } from '../../../src/serve/http-agent.js';
import type { MuxStream } from '../../../src/session/mux-stream.js';
import { session, type Session } from '../../../src/session/session.js';

const names = Object.keys(codecs) as CodecName[];

async function start(): Promise<Demo & { readonly port: number }> {
  const running = await demo({ port: 0, host: '127.0.0.1' }, () => undefined);
  return { ...running, port: 'port' in running.address ? running.address.port : 0 };
}

async function join(port: number, name: CodecName, tls = {}): Promise<Session> {
  const conn = await firstValueFrom(dial({ host: '127.0.0.1', port, ...tls }));
  return session(conn, { codec: codecs[name], role: 'client' });
}

/** Reads until so many bytes have come. */
async function read(stream: MuxStream, bytes: number): Promise<string> {
  const incoming: AsyncIterator<Uint8Array, undefined> = stream[Symbol.asyncIterator]();
  let all = Buffer.alloc(0);
  while (all.length < bytes) {
    const { done, value } = await incoming.next();
    if (done === true) break;
    all = Buffer.concat([all, value]);
  }
  return all.toString('latin1');
}

async function textOf(message: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function get(s: Session, path: string): Promise<string> {
  const request = http.get(`http://demo${path}`, { agent: httpAgent(s) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return textOf(response);
}

describe('the demo', () => {
  let port = 0;
  let running: Demo;
  beforeAll(async () => {
    const started = await start();
    running = started;
    ({ port } = started);
  });
  afterAll(() => running.close());

  describe.each(names)('over %s', (name) => {
    it.each([
      ['a ping of 64 bytes', '\0'.repeat(64)],
      ['a line', 'hello\r\n'],
      ['what a request may begin with', 'GE'],
    ])('echoes %s, and ends as the stream does', async (_what, text) => {
      const s = await join(port, name);
      const stream = s.open();
      stream.next(Buffer.from(text));
      // What may still become a request is not echoed before it is known that it does not.
      if (text === 'GE') stream.complete();
      expect(await read(stream, text.length)).toBe(text);
      s.close();
      expect(await firstValueFrom(s.closed$)).not.toHaveProperty('error');
    });

    it('serves HTTP/1 and HTTP/2 on streams, and shows the session on the page', async () => {
      const s = await join(port, name);
      expect(await get(s, '/hello/one')).toBe('Hello, one!\n');
      const client = http2.connect('http://demo', { createConnection: connectThrough(s) });
      const request = client.request({ ':path': '/hello/two' });
      expect(await textOf(request)).toBe('Hello, two!\n');
      const { sessions } = JSON.parse(await get(s, '/traffic')) as { sessions: unknown[] };
      expect(sessions[0]).toMatchObject({
        protocol: name,
        role: 'server',
        open: true,
        remote: `127.0.0.1:${s.conn.localPort ?? ''}`,
        streams: expect.arrayContaining([expect.objectContaining({ protocol: 'http2', state: 'open' })]) as unknown,
      });
      client.destroy();
      s.close();
    });

    it('ends an empty stream', async () => {
      const s = await join(port, name);
      const stream = s.open();
      stream.complete();
      expect(await read(stream, 1)).toBe('');
      s.close();
    });

    it('takes sessions inside TLS', async () => {
      const s = await join(port, name, { tls: { rejectUnauthorized: false } });
      expect(await get(s, '/hello/you')).toBe('Hello, you!\n');
      s.close();
    });
  });

  it('closes a session once its streams have ended, and takes no new ones meanwhile', async () => {
    const own = await start();
    const s = await join(own.port, 'muxado2');
    const stream = s.open();
    const back: Buffer[] = [];
    const goneAway = new Promise((resolve) => s.subscribe(({ kind }) => kind === 'goAway' && resolve(kind)));
    stream.next(Buffer.from('\0before'));
    stream.subscribe((chunk) => back.push(Buffer.from(chunk)));
    while (back.length === 0) await new Promise(setImmediate);
    const closed = own.close();
    await goneAway;
    expect(await firstValueFrom(s.open().closed$)).toMatchObject({ error: { code: 'ERR_MUX_GOAWAY' } });
    stream.next(Buffer.from('after'));
    stream.complete();
    await closed;
    expect(Buffer.concat(back).toString()).toBe('\0beforeafter');
    expect(await firstValueFrom(s.closed$)).not.toHaveProperty('error');
  });
});
