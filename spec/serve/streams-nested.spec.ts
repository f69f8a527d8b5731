import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import tls, { type TLSSocket } from 'node:tls';
import { firstValueFrom, Subject, toArray, type Observable } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { terminateTls, type TlsRejection } from '../../src/net/terminate-tls.js';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toTls } from '../../src/serve/to-tls.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { acceptSessions } from '../../src/session/accept-sessions.js';
import { session, type Session } from '../../src/session/session.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { any, http1, tls as tlsMatcher, websocket } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { turn } from '../session/session-ends.js';
import { localhostPem } from './sink-harness.js';
import { sessionPair } from './session-pair.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0).reverse()) down();
});

/** The streams that come, until the session ends however it does. */

/** Two ends of a session, and the streams that come to the second. */
function joined(): { readonly client: Session; readonly streams$: Observable<Conn> } {
  const [client, server] = sessionPair();
  downs.push(() => {
    for (const s of [client, server]) s.conn._destroy(undefined, false);
  });
  return { client, streams$: server.accept$ };
}

const echo = (conn: Conn): void => void conn.pipe(flowTo(conn)).subscribe();
const echoServer = (): http.Server => http.createServer((request, response) => void request.pipe(response));

async function post(agent: http.Agent, body: string): Promise<string> {
  const request = http.request({ agent, host: 'peer', method: 'POST' }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return Buffer.concat((await response.toArray()) as Buffer[]).toString();
}

async function echoed(conn: Conn, text: string): Promise<string> {
  conn.next(Buffer.from(text));
  let reply = '';
  for await (const chunk of conn) {
    reply += Buffer.from(chunk).toString();
    if (reply.length >= text.length) break;
  }
  conn.complete();
  return reply;
}

async function secured(s: Session): Promise<TLSSocket> {
  const socket = tls.connect({ socket: connectThrough(s)(), servername: 'localhost', ca: pem.cert });
  downs.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

test('TLS runs inside of a stream, with a server of node:tls', async () => {
  const { client, streams$ } = joined();
  streams$.subscribe(toTls(tls.createServer({ ...pem, allowHalfOpen: true }, (socket) => socket.pipe(socket))));
  const socket = await secured(client);
  socket.end(Buffer.alloc(1_000_000, 'abc'));
  expect(Buffer.concat((await socket.toArray()) as Buffer[]).equals(Buffer.alloc(1_000_000, 'abc'))).toBe(true);
});

test('TLS runs inside of a stream, and what is inside of it is sniffed and served', async () => {
  const { client, streams$ } = joined();
  const names: unknown[] = [];
  streams$.pipe(terminateTls(pem), sniff(http1())).subscribe((conn) => {
    names.push(conn.meta.http1.method);
    toHttp(echoServer()).next(conn);
  });
  const socket = await secured(client);
  const request = http.request({ createConnection: () => socket, method: 'POST' }).end('in TLS');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(String(await response.toArray())).toBe('in TLS');
  expect(names).toEqual(['POST']);
});

test.each<readonly [string, (stream: Conn) => void]>([
  ['is no handshake', (stream) => stream.next(Buffer.from('GET / HTTP/1.1\r\n\r\n'))],
  ['ends in the middle of one', (stream) => stream.complete()],
  ['is reset in the middle of one', (stream) => stream.error(new Error('gone'))],
])('a stream that %s is told of, once, and ends no other', async (_name, act) => {
  const { client, streams$ } = joined();
  const rejected$ = new Subject<TlsRejection>();
  streams$.pipe(terminateTls({ ...pem, rejected: rejected$ })).subscribe(echo);
  const told = firstValueFrom(rejected$.pipe(toArray()));
  const first = firstValueFrom(rejected$);
  const bad = client.open();
  bad.subscribe({ error: () => undefined });
  bad.next(Buffer.from('160301', 'hex'));
  await turn();
  act(bad);
  expect((await first).error.code).toBe('ERR_MUX_TLS');
  const inner = fromDuplex(await secured(client));
  expect(await echoed(inner, 'still here')).toBe('still here');
  rejected$.complete();
  expect(await told).toHaveLength(1);
});

test('the streams of a session are sniffed, and go to the server of their protocol', async () => {
  const { client, streams$ } = joined();
  const { live, web, secure, mux, rest } = partitionByProtocol(streams$, {
    live: websocket(),
    web: http1(),
    secure: tlsMatcher(),
    mux: yamux(),
    rest: any(),
  });
  const webSockets = new WebSocketServer({ noServer: true });
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  live.subscribe(toWebSocket(webSockets));
  web.subscribe(toHttp(echoServer()));
  secure.subscribe(toTls(tls.createServer(pem, (socket) => socket.end('from TLS'))));
  mux.pipe(acceptSessions()).subscribe((s) => s.accept$.subscribe(echo));
  rest.subscribe(echo);

  const socket = new WebSocket('ws://peer/', { createConnection: connectThrough(client) });
  await once(socket, 'open');
  socket.send('a message');
  expect(String((await once(socket, 'message'))[0])).toBe('a message');
  socket.terminate();
  expect(await post(httpAgent(client), 'a request')).toBe('a request');
  expect(String(await (await secured(client)).toArray())).toBe('from TLS');
  const inner = session(client.open(), { codec: yamux(), role: 'client' });
  expect(await echoed(inner.open(), 'a stream in a stream')).toBe('a stream in a stream');
  expect(await echoed(client.open(), '? anything else')).toBe('? anything else');
});

test('a session in a stream of a session in a stream carries HTTP, and ends no other when it ends', async () => {
  const { client, streams$ } = joined();
  const server = echoServer();
  streams$.pipe(acceptSessions({ codec: yamux() })).subscribe(({ accept$ }) => {
    const inside$: Observable<Conn> = accept$;
    inside$.pipe(acceptSessions({ codec: smux() })).subscribe((inner) => inner.accept$.subscribe(toHttp(server)));
  });
  const middle = session(client.open(), { codec: yamux(), role: 'client' });
  const inner = session(middle.open(), { codec: smux(), role: 'client' });
  const beside = session(middle.open(), { codec: smux(), role: 'client' });
  const body = 'x'.repeat(1_000_000);
  expect(await Promise.all([post(httpAgent(inner), body), post(httpAgent(inner), 'two')])).toEqual([body, 'two']);
  inner.close();
  expect(await firstValueFrom(inner.closed$)).toEqual({ initiator: 'local' });
  expect(await post(httpAgent(beside), 'still here')).toBe('still here');
  middle.close();
  expect((await firstValueFrom(beside.closed$)).error?.code).toBe('ERR_MUX_TRANSPORT');
  expect(client.streams).toEqual([]);
});

test('a session runs over TLS in a stream', async () => {
  const { client, streams$ } = joined();
  streams$.pipe(terminateTls(pem), acceptSessions({ codec: muxado() })).subscribe((s) => s.accept$.subscribe(echo));
  const inner = session(fromDuplex(await secured(client)), { codec: muxado(), role: 'client' });
  expect(inner.conn.encrypted).toBe(true);
  expect(await echoed(inner.open(), 'twice wrapped')).toBe('twice wrapped');
});
