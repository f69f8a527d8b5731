import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { ignoreElements, lastValueFrom, map, reduce, take } from 'rxjs';
import { RequestBody } from '../../src/serve/mux-body.js';
import { consume } from '../../src/flow/consume.js';
import { serveMux, type MuxHandler, type ServeMuxOptions } from '../../src/serve/serve-mux.js';
import { exchange, request, withServer, type RawResponse } from './mux-harness.js';

interface Served extends RawResponse {
  readonly errors: readonly unknown[];
}

async function post(handle: MuxHandler, body: string, options: ServeMuxOptions = {}): Promise<Served> {
  const errors: unknown[] = [];
  const mux = serveMux({ '/': handle }, { ...options, onError: (error) => errors.push(error) });
  const reply = await withServer(mux, (port) => request(port, 'POST / HTTP/1.1', body));
  return { ...reply, errors };
}

const size: MuxHandler = ({ body }) => lastValueFrom(body.pipe(reduce((bytes, chunk) => bytes + chunk.length, 0)));

describe('the body of a request', () => {
  it.each<[string, MuxHandler]>([
    ['by subscribing', size],
    [
      'by consume',
      async ({ body }) => {
        let bytes = 0;
        const work$ = body.pipe(consume((chunk) => Promise.resolve((bytes += chunk.length))));
        await lastValueFrom(work$, { defaultValue: 0 });
        return bytes;
      },
    ],
    [
      'by for await',
      async ({ body }) => {
        let bytes = 0;
        for await (const chunk of body) bytes += chunk.length;
        return bytes;
      },
    ],
  ])('is read %s', async (_, handle) => {
    expect(await post(handle, 'x'.repeat(200_000))).toMatchObject({ status: 200, body: '200000', errors: [] });
    expect(await post(handle, '')).toMatchObject({ status: 200, body: '0', errors: [] });
  });

  it.each<[string, MuxHandler]>([
    ['as it is', ({ body }) => body],
    ['transformed', ({ body }) => body.pipe(map((chunk) => Buffer.from(chunk)))],
  ])('%s can be the answer', async (_, handle) => {
    expect(await post(handle, 'hello')).toMatchObject({ status: 200, body: '5\r\nhello\r\n0\r\n\r\n', errors: [] });
  });

  it('is read once', async () => {
    const twice: MuxHandler = async (muxRequest) => {
      await size(muxRequest);
      return size(muxRequest);
    };
    expect(await post(twice, 'x')).toMatchObject({ status: 500, errors: [{ code: 'ERR_MUX_SECOND_SUBSCRIBE' }] });
  });

  it('errors with a reset when the client leaves in the middle', async () => {
    const error = await new Promise<unknown>((resolve, reject) => {
      const mux = serveMux({
        '/': ({ body }) => {
          body.subscribe({ error: resolve });
          return new Promise(() => {});
        },
      });
      withServer(mux, async (port) => {
        const client = net.connect(port, '127.0.0.1');
        client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\nhalf');
        await once(client, 'data');
        client.destroy();
        await once(client, 'close');
      }).catch(reject);
    });
    expect(error).toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });
  });

  it.each<[string, string]>([
    ['by its content-length', 'Content-Length: 11\r\n\r\n'],
    ['by its chunks', 'Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n'],
  ])('that is too long %s is a 413 and no error', async (_, rest) => {
    const errors: unknown[] = [];
    const mux = serveMux({ '/': size }, { maxBodyBytes: 10, onError: (error) => errors.push(error) });
    const reply = await withServer(mux, (port) => exchange(port, `POST / HTTP/1.1\r\nHost: a\r\n${rest}`));
    expect(reply).toMatch(/^HTTP\/1.1 413 Payload Too Large\r\n/);
    expect(reply).toMatch(/\r\nconnection: close\r\n/i);
    expect(errors).toEqual([]);
  });

  it('may be exactly as long as allowed, and of any length when nobody reads it', async () => {
    expect(await post(size, 'x'.repeat(10), { maxBodyBytes: 10 })).toMatchObject({ status: 200, body: '10' });
    expect(await post(() => 'unread', 'x'.repeat(11), { maxBodyBytes: 10 })).toMatchObject({ status: 200 });
  });

  it.each<[string, MuxHandler]>([
    ['unread', () => 'done'],
    ['half read', ({ body }) => body.pipe(take(1), ignoreElements())],
    [
      'in the middle of a loop',
      async ({ body }) => {
        for await (const chunk of body) if (chunk.length > 0) break;
      },
    ],
  ])('does not hold up the next request when it is left %s', async (_, handle) => {
    const mux = serveMux({ 'POST /': handle, 'GET /next': () => 'next' });
    const replies = await withServer(mux, (port) =>
      exchange(
        port,
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}` +
          'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      ),
    );
    expect(replies).toMatch(/\r\n\r\nnext$/);
  });

  it('is not read on while the response waits for a slow client', async () => {
    const bytes = 8 << 20;
    const errors: unknown[] = [];
    let paused: Promise<unknown> | undefined;
    const mux = serveMux(
      {
        '/': ({ body, req }) => {
          paused = once(req, 'pause');
          return body.pipe(map((chunk) => chunk));
        },
      },
      { onError: (error) => errors.push(error) },
    );
    await withServer(mux, async (port) => {
      const client = http.request({ port, method: 'POST' });
      client.end(Buffer.alloc(bytes));
      const [reply] = (await once(client, 'response')) as [IncomingMessage];
      await paused;
      let received = 0;
      for await (const chunk of reply) received += (chunk as Buffer).length;
      expect(received).toBe(bytes);
    });
    expect(errors).toEqual([]);
  });
});

describe('RequestBody', () => {
  const incoming = (): PassThrough & IncomingMessage =>
    Object.assign(new PassThrough(), { headers: {} }) as unknown as PassThrough & IncomingMessage;

  it('reads nothing before there is a reader', () => {
    const req = incoming();
    const body = new RequestBody(req, new PassThrough() as unknown as ServerResponse, 100);
    expect(req.readableFlowing).toBeNull();
    body.subscribe();
    expect(req.readableFlowing).toBe(true);
  });

  it('goes on reading when the response has drained', async () => {
    const req = incoming();
    let written: (() => void) | undefined;
    const res = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => (written = done) });
    const received: string[] = [];
    new RequestBody(req, res as unknown as ServerResponse, 100).subscribe((chunk) => {
      received.push(String(chunk));
      res.write(chunk);
    });
    const paused = once(req, 'pause');
    req.write('a');
    await paused;
    req.write('b');
    expect(received).toEqual(['a']);
    const pausedAgain = once(req, 'pause');
    written?.();
    await pausedAgain;
    expect(received).toEqual(['a', 'b']);
  });

  it('tells a reader that comes after the client left', () => {
    const req = incoming();
    req.destroy();
    const errors: unknown[] = [];
    new RequestBody(req, new PassThrough() as unknown as ServerResponse, 100).subscribe({
      error: (error) => errors.push(error),
    });
    expect(errors).toMatchObject([{ code: 'ERR_MUX_RESET' }]);
  });
});
