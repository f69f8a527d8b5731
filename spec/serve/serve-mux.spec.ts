import { describe, expect, it } from '@jest/globals';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { concat, finalize, map, NEVER, of, throwError } from 'rxjs';
import { serveMux, type MuxListener } from '../../src/serve/serve-mux.js';
import { exchange, parse, request, withServer } from './mux-harness.js';

describe('serveMux', () => {
  it('gives the handler decoded params, the query, the host and the headers', async () => {
    const mux = serveMux({
      'GET /items/{id}/{rest...}': ({ params, query, method, host, url, headers }) => {
        return { params, q: query.getAll('q'), method, host, url, x: headers['x-a'] };
      },
    });
    const target = '/items/a%2Fb%20c/d/%C3%A9?q=1&q=2';
    const reply = await withServer(mux, (port) =>
      request(port, `GET ${target} HTTP/1.1\r\nX-A: y`, '', 'Example.COM:81'),
    );
    expect(JSON.parse(reply.body)).toEqual({
      params: { id: 'a/b c', rest: 'd/é' },
      q: ['1', '2'],
      method: 'GET',
      host: 'example.com',
      url: target,
      x: 'y',
    });
  });

  it('prefers the host, then the method, then the path that is most specific, whatever the order', async () => {
    const mux = serveMux({
      '/': () => 'all',
      '/a/{x...}': () => 'below a',
      '/a/{x}': () => 'one',
      '/a/b': () => 'literal',
      'POST /a/b': () => 'posted',
      'only.com/': () => 'host',
    });
    await withServer(mux, async (port) => {
      const body = async (line: string, host?: string): Promise<string> => (await request(port, line, '', host)).body;
      expect(await body('GET /a/b HTTP/1.1')).toBe('literal');
      expect(await body('POST /a/b HTTP/1.1')).toBe('posted');
      expect(await body('GET /a/c HTTP/1.1')).toBe('one');
      expect(await body('GET /a/c/d HTTP/1.1')).toBe('below a');
      expect(await body('GET /b HTTP/1.1')).toBe('all');
      expect(await body('GET /a/b HTTP/1.1', 'Only.com:8080')).toBe('host');
      expect(await body('GET http://only.com/a/b HTTP/1.1', 'other.com')).toBe('host');
    });
  });

  it('matches a subtree below a final slash, and with {$} the slash alone', async () => {
    const mux = serveMux({ '/tree/': () => 'tree', '/exact/{$}': () => 'exact' });
    await withServer(mux, async (port) => {
      expect((await request(port, 'GET /tree/a/b HTTP/1.1')).body).toBe('tree');
      expect((await request(port, 'GET /tree/ HTTP/1.1')).body).toBe('tree');
      expect((await request(port, 'GET /exact/ HTTP/1.1')).body).toBe('exact');
      expect((await request(port, 'GET /exact/a HTTP/1.1')).status).toBe(404);
    });
  });

  it.each([
    ['GET /tree HTTP/1.1', 301, '/tree/'],
    ['HEAD /tree?q=1 HTTP/1.1', 301, '/tree/?q=1'],
    ['POST /tree?q=1 HTTP/1.1', 307, '/tree/?q=1'],
    ['GET /exact HTTP/1.1', 301, '/exact/'],
    ['GET /rest HTTP/1.1', 301, '/rest/'],
    ['GET /tree//x HTTP/1.1', 301, '/tree/x'],
    ['GET /x/../tree HTTP/1.1', 301, '/tree/'],
    ['PUT /a/./b HTTP/1.1', 307, '/a/b'],
    ['GET /tree/%2e%2E/a%20b?q=.. HTTP/1.1', 301, '/a%20b?q=..'],
    ['GET //evil.example/ HTTP/1.1', 301, '/evil.example/'],
    ['GET /\\evil.example/. HTTP/1.1', 301, '/%5Cevil.example'],
  ])('redirects %s with %i to %s', async (line, status, location) => {
    const mux = serveMux({ '/tree/': () => 1, '/exact/{$}': () => 1, '/rest/{x...}': () => 1, '/': () => 1 });
    const reply = await withServer(mux, (port) => request(port, line));
    expect(reply).toMatchObject({ status, headers: { location, 'content-length': '0' }, body: '' });
  });

  it('does not redirect a path that is registered without its slash too', async () => {
    const mux = serveMux({ '/both': () => 'bare', '/both/': () => 'below' });
    await expect(withServer(mux, (port) => request(port, 'GET /both HTTP/1.1'))).resolves.toMatchObject({
      body: 'bare',
    });
  });

  it('serves HEAD by GET, with the same headers and no body', async () => {
    const mux = serveMux({ 'GET /a': ({ method }) => `for ${method}` });
    const reply = await withServer(mux, (port) => request(port, 'HEAD /a HTTP/1.1'));
    expect(reply).toMatchObject({ status: 200, headers: { 'content-length': '8' }, body: '' });
  });

  it('answers 405 with the allowed methods where only the method is wrong, else 404', async () => {
    const mux = serveMux({ 'GET /a': () => 1, 'PUT /a': () => 1, 'DELETE h.com/a': () => 1, 'POST /b/': () => 1 });
    await withServer(mux, async (port) => {
      expect(await request(port, 'PATCH /a HTTP/1.1')).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD, PUT' },
        body: 'Method Not Allowed\n',
      });
      expect((await request(port, 'PATCH /a HTTP/1.1', '', 'h.com')).headers.allow).toBe('DELETE, GET, HEAD, PUT');
      expect((await request(port, 'OPTIONS /a HTTP/1.1')).status).toBe(405);
      expect((await request(port, 'GET /b HTTP/1.1')).headers.allow).toBe('POST');
      expect(await request(port, 'GET /c HTTP/1.1')).toMatchObject({ status: 404, body: 'Not Found\n' });
    });
  });

  it('answers OPTIONS * with 200 whatever the routes, and keeps the connection', async () => {
    const mux = serveMux({ '/': () => 'path' });
    const last = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const replies = await withServer(mux, (port) => exchange(port, `OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n${last}`));
    expect(parse(replies)).toMatchObject({ status: 200, headers: { 'content-length': '0', connection: 'keep-alive' } });
    expect(replies.endsWith('\r\n\r\npath')).toBe(true);
  });

  it.each(['GET *', 'POST *', 'GET /%zz', 'GET /%', 'GET ftp://a/b'])(
    'answers %s with 400 and hangs up',
    async (line) => {
      const mux = serveMux({ '/': () => 'path' });
      const reply = await withServer(mux, async (port) =>
        parse(await exchange(port, `${line} HTTP/1.1\r\nHost: a\r\n\r\n`)),
      );
      expect(reply).toMatchObject({ status: 400, headers: { connection: 'close' }, body: 'Bad Request\n' });
    },
  );

  it('throws for a conflict and for a bad pattern when the routes are given', () => {
    const conflict = (): unknown => serveMux({ '/a/{x}': () => 1, '/{y}/b': () => 1 });
    expect(conflict).toThrow(expect.objectContaining({ code: 'ERR_MUX_ROUTE' }));
    expect(conflict).toThrow(/'\/a\/\{x\}' and '\/\{y\}\/b' conflict/);
    expect(() => serveMux({ 'GET a': () => 1 })).toThrow(expect.objectContaining({ code: 'ERR_MUX_ROUTE' }));
  });

  it('refuses a body limit that is no number', () => {
    expect(() => serveMux({}, { maxBodyBytes: NaN })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('answers pipelined requests one after the other', async () => {
    const responses: ServerResponse[] = [];
    const mux = serveMux({
      '/{n}': ({ params, res }) => {
        expect(responses.every((earlier) => earlier.writableFinished)).toBe(true);
        responses.push(res);
        return new Promise((resolve) => setImmediate(resolve, params.n));
      },
    });
    const get = (n: number): string => `GET /${n} HTTP/1.1\r\nHost: a\r\n${n === 3 ? 'Connection: close\r\n' : ''}\r\n`;
    const replies = await withServer(mux, (port) => exchange(port, get(1) + get(2) + get(3)));
    expect(replies.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
  });

  it('unsubscribes when the client leaves, and runs nothing of what it had pipelined', async () => {
    const started: string[] = [];
    const left = await new Promise<string>((resolve, reject) => {
      const mux = serveMux({
        '/{n}': ({ params }) => {
          started.push(params.n);
          return concat(of('first'), NEVER).pipe(
            finalize(() => {
              resolve(params.n);
            }),
          );
        },
      });
      withServer(mux, async (port) => {
        const client = net.connect(port, '127.0.0.1');
        client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
        await once(client, 'data');
        client.destroy();
        await once(client, 'close');
      }).catch(reject);
    });
    expect(left).toBe('1');
    expect(started).toEqual(['1']);
  });

  it('leaves the answer to a handler that returns NEVER', async () => {
    const mux = serveMux({
      '/raw': ({ res }) => {
        setImmediate(() => res.writeHead(201, { 'x-raw': '1' }).end('raw'));
        return NEVER;
      },
    });
    const reply = await withServer(mux, (port) => request(port, 'GET /raw HTTP/1.1'));
    expect(reply).toMatchObject({ status: 201, headers: { 'x-raw': '1' } });
    expect(reply.body).toContain('raw');
  });
});

describe('serveMux under node:http2', () => {
  async function withSession<T>(mux: MuxListener, use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
    const server = http2.createServer(mux);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      return await use(session);
    } finally {
      session.destroy();
      server.close();
    }
  }

  async function collect(stream: ClientHttp2Stream): Promise<{ status: unknown; length: unknown; body: string }> {
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    return { status: headers[':status'], length: headers['content-length'], body };
  }

  it('routes by :authority and streams the body both ways', async () => {
    const mux = serveMux({
      'POST 127.0.0.1/up': ({ body }) => body.pipe(map((chunk) => Buffer.from(chunk).toString().toUpperCase())),
      'GET /a': () => 'text',
    });
    await withSession(mux, async (session) => {
      const up = session.request({ ':method': 'POST', ':path': '/up' });
      up.end('hello');
      expect(await collect(up)).toMatchObject({ status: 200, body: 'HELLO' });
      expect(await collect(session.request({ ':path': '/a' }))).toEqual({ status: 200, length: '4', body: 'text' });
      const head = session.request({ ':path': '/a', ':method': 'HEAD' });
      expect(await collect(head)).toEqual({ status: 200, length: '4', body: '' });
      expect(await collect(session.request({ ':path': '/%zz' }))).toMatchObject({ status: 400 });
    });
  });

  // A front that authorises by :authority must not be passed by a Host of another name (RFC 9113 §8.3.1).
  it('routes by :authority, and refuses a Host that differs from it', async () => {
    const mux = serveMux({ 'public.example/': () => 'public', 'admin.example/': () => 'admin' });
    await withSession(mux, async (session) => {
      const ask = (host: string): ReturnType<typeof collect> =>
        collect(session.request({ ':path': '/', ':authority': 'public.example', host }));
      expect(await ask('Public.Example.')).toMatchObject({ status: 200, body: 'public' });
      expect(await ask('admin.example')).toMatchObject({ status: 400 });
      expect(await ask('public.example:81')).toMatchObject({ status: 400 });
    });
  });

  it('resets a stream that fails after its headers, and goes on with the others', async () => {
    const errors: unknown[] = [];
    const boom = new Error('boom');
    const mux = serveMux(
      {
        '/cut': () =>
          concat(
            of('some'),
            throwError(() => boom),
          ),
        '/a': () => 'text',
      },
      { onError: (error) => errors.push(error) },
    );
    await withSession(mux, async (session) => {
      const cut = session.request({ ':path': '/cut' });
      await expect(collect(cut)).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
      expect(cut.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
      expect(await collect(session.request({ ':path': '/a' }))).toMatchObject({ body: 'text' });
    });
    expect(errors).toEqual([boom]);
  });

  it('unsubscribes when the client resets its stream', async () => {
    await new Promise<void>((resolve, reject) => {
      const mux = serveMux({ '/': () => concat(of('first'), NEVER).pipe(finalize(resolve)) });
      withSession(mux, async (session) => {
        const stream = session.request({ ':path': '/' });
        await once(stream, 'data');
        stream.close(http2.constants.NGHTTP2_CANCEL);
        await once(stream, 'close');
      }).catch(reject);
    });
  });
});
