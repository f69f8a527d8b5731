import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import grpc from '@grpc/grpc-js';
import { once, type EventEmitter } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { connect, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import type { Sink } from '../../src/serve/sink.js';
import { toTls } from '../../src/serve/to-tls.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { echoServer, say } from './grpc-echo.js';
import { localhostPem, Stage } from './sink-harness.js';

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

type Answer = () => void;

/** A kind of server with its sink, and a client that asks it. */
interface Kind {
  serve(asked: (answer: Answer) => void): { readonly server: Server; readonly sinkOf: () => Sink };
  /** Resolves to the whole answer. */
  ask(port: number): Promise<string>;
  /** Connects and asks nothing; given where such a connection ends when the server closes. */
  idle?(port: number): Promise<EventEmitter>;
}

type Listener = (request: unknown, response: { end(text: string): unknown }) => void;

const listener =
  (asked: (answer: Answer) => void): Listener =>
  (_request, response) => {
    asked(() => response.end('whole'));
  };

async function textOf(stream: Duplex): Promise<string> {
  return Buffer.concat((await stream.toArray()) as Buffer[]).toString();
}

async function askHttp(get: typeof http.get, port: number): Promise<string> {
  const options: https.RequestOptions = { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false };
  const request = get({ ...options, headers: { connection: 'keep-alive' } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return textOf(response as unknown as Duplex);
}

function session(url: string): http2.ClientHttp2Session {
  const made = http2.connect(url, { rejectUnauthorized: false });
  made.on('error', () => undefined);
  stage.onDown(() => made.destroy());
  return made;
}

async function idleHttp2(url: string): Promise<EventEmitter> {
  const made = session(url);
  await once(made, 'remoteSettings');
  return made;
}

/** A connection whose request has been answered. */
async function idleHttp(socket: Duplex, connected: string): Promise<EventEmitter> {
  stage.onDown(() => socket.destroy());
  await once(socket, connected);
  socket.write('HEAD /idle HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  await new Promise(setImmediate);
  return socket.resume();
}

const secure = (port: number): tls.TLSSocket => tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });

/** Answers what is asked at `/idle` by itself. */
const exceptIdle =
  (asked: (answer: Answer) => void) =>
  ({ url }: http.IncomingMessage, response: http.ServerResponse): void => {
    if (url === '/idle') response.end();
    else asked(() => response.end('whole'));
  };

const kinds: Record<string, Kind> = {
  'node:http': {
    serve: (asked) => {
      const server = http.createServer(exceptIdle(asked));
      return { server, sinkOf: () => toHttp(server) };
    },
    ask: (port) => askHttp(http.get, port),
    idle: (port) => idleHttp(connect(port, '127.0.0.1'), 'connect'),
  },
  'node:https': {
    serve: (asked) => {
      const server = https.createServer(pem, exceptIdle(asked));
      return { server, sinkOf: () => toHttp(server) };
    },
    ask: (port) => askHttp(https.get, port),
    idle: (port) => idleHttp(secure(port), 'secureConnect'),
  },
  'node:http2': {
    serve: (asked) => {
      const server = http2.createServer(listener(asked) as never);
      return { server, sinkOf: () => toHttp2(server) };
    },
    ask: (port) => textOf(session(`http://127.0.0.1:${port}`).request()),
    idle: (port) => idleHttp2(`http://127.0.0.1:${port}`),
  },
  'a secure server of node:http2': {
    serve: (asked) => {
      const server = http2.createSecureServer({ ...pem, allowHTTP1: true }, listener(asked) as never);
      return { server, sinkOf: () => toHttp2(server) };
    },
    ask: (port) => textOf(session(`https://127.0.0.1:${port}`).request()),
    idle: (port) => idleHttp2(`https://127.0.0.1:${port}`),
  },
  'a secure server of node:http2 that is asked in HTTP/1': {
    serve: (asked) => {
      const server = http2.createSecureServer({ ...pem, allowHTTP1: true }, listener(asked) as never);
      return { server, sinkOf: () => toHttp2(server) };
    },
    ask: (port) => askHttp(https.get, port),
  },
  'node:tls': {
    serve: (asked) => {
      const server = tls.createServer(pem, (socket) => asked(() => socket.end('whole')));
      return { server, sinkOf: () => toTls(server) };
    },
    ask: (port) => textOf(secure(port)),
  },
};

describe.each(Object.keys(kinds))('close of a server of %s', (name) => {
  const kind = kinds[name] as Kind;

  async function served() {
    const answers: Answer[] = [];
    const { server, sinkOf } = kind.serve((answer) => answers.push(answer));
    const sink = sinkOf();
    const port = await stage.serve(sink);
    const asked = async (count: number): Promise<void> => {
      while (answers.length < count) await new Promise(setImmediate);
    };
    return { server, sink, sinkOf, port, answers, asked };
  }

  test('waits for what is under way, refuses what comes, and calls back without an error', async () => {
    const { server, sink, port, answers, asked } = await served();
    expect(server.listening).toBe(true);
    const reply = kind.ask(port);
    await asked(1);
    const order: string[] = [];
    server.once('close', () => order.push('closed'));
    const closed = promisify(server.close.bind(server))().then(() => order.push('called back'));
    const again = promisify(server.close.bind(server))();
    expect(server.listening).toBe(false);
    const [near, far] = memoryPipe();
    sink.next(far);
    await expect(textOf(near.duplex())).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_MUX_/) });
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(order).toEqual([]);
    order.push('answered');
    answers[0]?.();
    expect(await reply).toBe('whole');
    await Promise.all([closed, again, sink.close()]);
    expect(order).toEqual(['answered', 'closed', 'called back']);
  });

  test('is what its disposal waits for', async () => {
    const { server, port, answers, asked } = await served();
    const reply = kind.ask(port);
    await asked(1);
    let isDisposed = false;
    const disposed = server[Symbol.asyncDispose]().then(() => (isDisposed = true));
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect([isDisposed, server.listening]).toEqual([false, false]);
    answers[0]?.();
    expect(await reply).toBe('whole');
    await disposed;
  });

  test('takes in the port of its own', async () => {
    const { server, port, answers, asked } = await served();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: ownPort } = server.address() as { readonly port: number };
    const replies = [kind.ask(port), kind.ask(ownPort)];
    await asked(2);
    let isClosed = false;
    const closed = promisify(server.close.bind(server))().then(() => (isClosed = true));
    await expect(once(connect(ownPort, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    for (const [i, reply] of replies.entries()) {
      expect(isClosed).toBe(false);
      answers[i]?.();
      expect(await reply).toBe('whole');
    }
    // Node's own server of HTTP/2 waits until the client leaves.
    await stage.down();
    await closed;
  });

  test('the server may be given to a sink anew', async () => {
    const { server, sinkOf } = await served();
    await promisify(server.close.bind(server))();
    const anew = sinkOf();
    expect(server.listening).toBe(true);
    await anew.close();
    expect(server.listening).toBe(false);
  });

  if (kind.idle === undefined) return;
  test('ends idle connections', async () => {
    const { server, port } = await served();
    const connection = (await kind.idle?.(port)) as EventEmitter;
    const ended = new Promise((resolve) => connection.once('close', resolve));
    await Promise.all([promisify(server.close.bind(server))(), ended]);
  });
});

describe.each(['tryShutdown', 'forceShutdown'] as const)('%s of a server of grpc-js', (how) => {
  test.each([['in the clear', false] as const, ['with secure credentials', true] as const])(
    'refuses new connections %s, before and after the first one',
    async (_name, isSecure) => {
      for (const calls of [0, 1]) {
        const server = new grpc.Server();
        const pair = { private_key: Buffer.from(pem.key), cert_chain: Buffer.from(pem.cert) };
        const credentials = isSecure
          ? grpc.ServerCredentials.createSsl(null, [pair])
          : grpc.ServerCredentials.createInsecure();
        const sink = toGrpc(server, credentials);
        if (calls === 1) {
          const port = await stage.serve(sink);
          const made = session(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`);
          await once(made, 'remoteSettings');
        }
        if (how === 'tryShutdown') await promisify(server.tryShutdown.bind(server))();
        else server.forceShutdown();
        const [near, far] = memoryPipe();
        sink.next(far);
        await expect(textOf(near.duplex())).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_MUX_/) });
        await sink.close();
      }
    },
  );
});

test('tryShutdown of a server of grpc-js waits for a call under way', async () => {
  let answer: Answer | undefined;
  const server = echoServer((call, done) => {
    answer = () => done(null, call.request);
  });
  const port = await stage.serve(toGrpc(server, grpc.ServerCredentials.createInsecure()));
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  stage.onDown(() => client.close());
  const reply = say(client, 'whole');
  while (answer === undefined) await new Promise(setImmediate);
  let isDown = false;
  const down = promisify(server.tryShutdown.bind(server))().then(() => (isDown = true));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  expect(isDown).toBe(false);
  answer();
  expect(String(await reply)).toBe('whole');
  await down;
});
