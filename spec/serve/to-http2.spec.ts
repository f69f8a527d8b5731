import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import http2, { type ClientHttp2Session, type ServerHttp2Session } from 'node:http2';
import https from 'node:https';
import { Duplex, duplexPair } from 'node:stream';
import tls from 'node:tls';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { localhostPem, Stage } from './sink-harness.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from('000000040000000000', 'hex');
// HEADERS, END_STREAM and END_HEADERS: :method GET, :scheme http, :path /, :authority x
const GET = Buffer.from('000006010500000001828684410178', 'hex');

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

function connect(
  authority: string,
  options: http2.ClientSessionOptions | http2.SecureClientSessionOptions = {},
): ClientHttp2Session {
  const session = http2.connect(authority, options);
  session.on('error', () => undefined);
  stage.onDown(() => {
    session.destroy();
  });
  return session;
}

async function ask(session: ClientHttp2Session, path = '/', body?: Buffer): Promise<string> {
  const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
  stream.end(body);
  return Buffer.concat(await stream.toArray()).toString();
}

test('h2c is served', async () => {
  const port = await stage.serve(toHttp2(http2.createServer((request, response) => response.end(request.url))));
  expect(await ask(connect(`http://127.0.0.1:${port}`), '/here')).toBe('/here');
});

test('a body of 1 MB arrives whole', async () => {
  const server = http2.createServer();
  server.on('stream', (stream) => {
    void stream.toArray().then((chunks: Buffer[]) => {
      stream.respond();
      stream.end(String(Buffer.concat(chunks).length));
    });
  });
  const port = await stage.serve(toHttp2(server));
  expect(await ask(connect(`http://127.0.0.1:${port}`), '/', Buffer.alloc(1_000_000))).toBe('1000000');
});

test('case 48: h2 inside TLS is served although the client agreed on no ALPN', async () => {
  const conns$ = new Subject<Conn>();
  conns$.pipe(terminateTls(pem)).subscribe(toHttp2(http2.createServer((_request, response) => response.end('inside'))));
  const port = await stage.listen((conn) => {
    conns$.next(conn);
  });
  const createConnection = (): Duplex => tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  expect(await ask(connect('http://localhost', { createConnection }))).toBe('inside');
});

test('a secure server is given connections still encrypted, and serves both versions of HTTP', async () => {
  const server = http2.createSecureServer({ ...pem, allowHTTP1: true }, ({ httpVersion }, response) =>
    response.end(httpVersion),
  );
  const port = await stage.serve(toHttp2(server));
  expect(await ask(connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }))).toBe('2.0');
  const request = https.get({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  expect(Buffer.concat(await response.toArray()).toString()).toBe('1.1');
});

test('case 63: a secure server that speaks HTTP/1 too keeps its deadline for heads', async () => {
  const server = http2.createSecureServer({ ...pem, allowHTTP1: true });
  const port = await stage.serve(
    toHttp2(Object.assign(server, { headersTimeout: 50, connectionsCheckingInterval: 10 })),
  );
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write('GET / HT');
  expect(Buffer.concat(await socket.toArray()).toString()).toContain(' 408 ');
});

test('the session of a client that goes away without GOAWAY ends', async () => {
  const server = http2.createServer();
  const port = await stage.serve(toHttp2(server));
  const opened = once(server, 'session') as Promise<[ServerHttp2Session]>;
  const client = await stage.client(port);
  client.socket.write(Buffer.concat([PREFACE, SETTINGS]));
  const [session] = await opened;
  client.socket.end();
  await once(session, 'close');
  expect(session.destroyed).toBe(true);
});

describe('over a slow way back', () => {
  async function sentTo(...flight: Buffer[]): Promise<string> {
    const sent: Buffer[] = [];
    const far = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        sent.push(chunk);
        setImmediate(() => setImmediate(() => setImmediate(done)));
      },
      final(done) {
        setImmediate(() => setImmediate(() => setImmediate(done)));
      },
    });
    for (const bytes of flight) far.push(bytes);
    far.push(null);
    toHttp2(http2.createServer((_request, response) => response.end('served'))).next(fromDuplex(far));
    await once(far, 'close');
    return Buffer.concat(sent).toString('latin1');
  }

  test('a request whose FIN came with it ends no process, and is answered to the end', async () => {
    // Type and flags of a DATA frame with END_STREAM on stream 1
    expect(await sentTo(PREFACE, SETTINGS, GET)).toContain('\0\x01\0\0\0\x01');
  });

  test('a preface and FIN end no process', async () => {
    expect(await sentTo(PREFACE)).not.toContain('served');
  });

  test('a FIN alone ends no process', async () => {
    expect(await sentTo()).not.toContain('served');
  });
});

test('over a stream that is no socket, a request is served and the client address is known', async () => {
  const [near, far] = duplexPair();
  Object.assign(far, { remoteAddress: '192.0.2.7', remotePort: 7 });
  const server = http2.createServer(({ socket }, response) =>
    response.end(`${socket.remoteAddress}:${socket.remotePort}`),
  );
  toHttp2(server).next(fromDuplex(far));
  expect(await ask(connect('http://localhost', { createConnection: () => near }))).toBe('192.0.2.7:7');
});

test('close lets an open request finish and refuses new ones', async () => {
  const server = http2.createServer();
  const sink = toHttp2(server);
  const session = connect(`http://127.0.0.1:${await stage.serve(sink)}`);
  const answer = ask(session);
  const [stream] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
  const goaway = once(session, 'goaway');
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  await goaway;
  stream.respond();
  stream.end('finished');
  expect(await answer).toBe('finished');
  await closed;
});

test('close destroys a session with a request that does not end in the grace time', async () => {
  const server = http2.createServer();
  const sink = toHttp2(server);
  const session = connect(`http://127.0.0.1:${await stage.serve(sink)}`);
  const stream = session.request();
  stream.on('error', () => undefined);
  await once(server, 'stream');
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ graceMs: 100, scheduler });
  scheduler.flush();
  await closed;
  await once(stream, 'close');
  expect(scheduler.frame).toBe(100);
});
