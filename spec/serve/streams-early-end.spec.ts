import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import tls from 'node:tls';
import { firstValueFrom, type Observable } from 'rxjs';
import { request, Agent } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { acceptSessions } from '../../src/session/accept-sessions.js';
import { session, type Session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/index.js';
import { CODECS, turn } from '../session/session-ends.js';
import { sessionPair } from './session-pair.js';
import { localhostPem } from './sink-harness.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => unknown)[] = [];
afterEach(async () => {
  for (const down of downs.splice(0).reverse()) await down();
});

/** Says the first half of its answer, and never the rest. */
const halfAnAnswer = (_request: unknown, response: { write(text: string): unknown }): void => {
  response.write('half of it');
};

/** What is under way over a session. */
interface Work {
  readonly serve: (server: Session) => void;
  /** Begins; gives what comes of it, in brackets since a promise of a promise would wait for both. */
  readonly begin: (client: Session) => Promise<readonly [Promise<unknown>]>;
}

const WORKS: Record<string, Work> = {
  'a response of node:http': {
    serve: ({ accept$ }) => accept$.subscribe(toHttp(http.createServer(halfAnAnswer))),
    begin: async (s) => {
      const sent = http.get({ host: 'peer', agent: httpAgent(s) });
      // As for any connection that breaks, Node tells the request too.
      sent.on('error', () => undefined);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return [response.toArray()];
    },
  },
  'a request of node:http that nobody answers': {
    serve: ({ accept$ }) => accept$.subscribe(toHttp(http.createServer())),
    begin: async (s) => {
      const sent = http.get({ host: 'peer', agent: httpAgent(s, { keepAlive: true }) });
      const response = once(sent, 'response');
      await turn();
      return [response];
    },
  },
  'an upload of node:http that nobody reads': {
    serve: ({ accept$ }) => {
      const server = http.createServer(() => undefined);
      // What arrived is kept for the request until it is read, or destroyed.
      downs.push(() => {
        server.closeAllConnections();
      });
      accept$.subscribe(toHttp(server));
    },
    begin: async (s) => {
      const sent = http.request({ host: 'peer', agent: httpAgent(s), method: 'POST' });
      const response = once(sent, 'response');
      sent.end(Buffer.alloc(3_000_000));
      await turn();
      return [response];
    },
  },
  'a response of undici': {
    serve: ({ accept$ }) => accept$.subscribe(toHttp(http.createServer(halfAnAnswer))),
    begin: async (s) => {
      const dispatcher = new Agent({ connect: connectThrough(s) });
      downs.push(() => dispatcher.destroy());
      const { body } = await request('http://peer/', { dispatcher });
      return [body.text()];
    },
  },
  'a response of node:http2': {
    serve: ({ accept$ }) => accept$.subscribe(toHttp2(http2.createServer(halfAnAnswer))),
    begin: async (s) => {
      const h2 = http2.connect('http://peer', { createConnection: connectThrough(s) });
      h2.on('error', () => undefined);
      downs.push(() => h2.destroy());
      const stream = h2.request({ ':path': '/' });
      await once(stream, 'response');
      return [stream.toArray()];
    },
  },
  'a WebSocket': {
    serve: ({ accept$ }) => {
      const server = new WebSocketServer({ noServer: true });
      server.on('connection', (socket) => socket.on('error', () => undefined));
      accept$.subscribe(toWebSocket(server));
    },
    begin: async (s) => {
      const socket = new WebSocket('ws://peer/', { createConnection: connectThrough(s) });
      socket.on('error', () => undefined);
      await once(socket, 'open');
      // RFC 6455 section 7.4.1: closed without a close frame
      const closed = once(socket, 'close').then(([code]: unknown[]) => {
        if (code === 1006) throw new Error('closed without a close frame');
        return code;
      });
      return [closed];
    },
  },
  'a TLS socket': {
    serve: ({ accept$ }) =>
      accept$.subscribe(
        toTls(tls.createServer({ ...pem, allowHalfOpen: true }, (socket) => socket.on('error', () => undefined))),
      ),
    begin: async (s) => {
      const socket = tls.connect({ socket: connectThrough(s)(), servername: 'localhost', ca: pem.cert });
      await once(socket, 'secureConnect');
      return [socket.toArray()];
    },
  },
  'a stream of a session inside': {
    serve: ({ accept$ }) => {
      const streams$: Observable<Conn> = accept$;
      streams$.pipe(acceptSessions({ codec: yamux() })).subscribe((inner) =>
        inner.accept$.subscribe((stream) => {
          stream.subscribe({ next: () => stream.next(Buffer.from('yes')), error: () => undefined });
        }),
      );
    },
    begin: async (s) => {
      const stream = session(s.open(), { codec: yamux(), role: 'client' }).open();
      stream.next(Buffer.from('there?'));
      const reading = stream[Symbol.asyncIterator]();
      await reading.next();
      return [reading.next()];
    },
  },
};

const ENDS: Record<string, (near: Session, far: Session) => void> = {
  'closed by this end': (near) => near.close({ timeoutMs: 100 }),
  'closed by the other end': (_near, far) => far.close({ timeoutMs: 100 }),
  'ended by this end': (near) => near.error(new Error('enough')),
  'ended by the other end': (_near, far) => far.error(new Error('enough')),
  lost: (near) => near.conn._destroy(undefined, true),
};

describe.each(CODECS)('a session of %s that ends early', (_name, codec) => {
  const cases = Object.keys(ENDS).flatMap((end) => Object.keys(WORKS).map((work) => [end, work] as const));
  it.each(cases)('%s, fails %s', async (end, work) => {
    const [near, far] = sessionPair({}, codec);
    downs.push(() => {
      for (const s of [near, far]) s.conn._destroy(undefined, false);
    });
    const { serve, begin } = WORKS[work] as Work;
    serve(far);
    const [underWay] = await begin(near);
    const result = underWay.then(
      (value) => ['has come to', value],
      () => 'failed',
    );
    ENDS[end]?.(near, far);
    expect(await result).toBe('failed');
    await Promise.all([firstValueFrom(near.closed$), firstValueFrom(far.closed$)]);
    for (let i = 0; i < 5; i++) await turn();
    expect([near.streams, far.streams]).toEqual([[], []]);
  });
});
