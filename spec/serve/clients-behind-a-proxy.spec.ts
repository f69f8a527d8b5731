import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls, { type TLSSocket } from 'node:tls';
import { Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import type { Sink } from '../../src/serve/sink.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { localhostPem, Stage } from './sink-harness.js';

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

type Show = (socket: Socket) => void;
type Listener = (request: { readonly socket: Socket }, response: { end(): unknown }) => void;

const listener =
  (show: Show): Listener =>
  ({ socket }, response) => {
    show(socket);
    response.end();
  };

const secure = (stream: Duplex, ALPNProtocols: string[] = []): TLSSocket =>
  tls.connect({ socket: stream, ca: pem.cert, servername: 'localhost', ALPNProtocols }).on('error', () => undefined);

function askHttp(stream: Duplex): void {
  stream.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
}

function askHttp2(stream: Duplex): void {
  const session = http2.connect('http://x', { createConnection: () => stream }).on('error', () => undefined);
  session.request({ ':path': '/' }).on('error', () => undefined);
  stage.onDown(() => session.destroy());
}

/** Servers by name, each with what a client does. */
const kinds: Record<string, readonly [(show: Show) => Sink, (stream: Duplex) => void]> = {
  'node:http': [(show) => toHttp(http.createServer(listener(show))), askHttp],
  'node:https': [(show) => toHttp(https.createServer(pem, listener(show))), (stream) => askHttp(secure(stream))],
  'node:http2': [(show) => toHttp2(http2.createServer(listener(show) as never)), askHttp2],
  'a secure server of node:http2': [
    (show) => toHttp2(http2.createSecureServer(pem, listener(show) as never)),
    (stream) => askHttp2(secure(stream, ['h2'])),
  ],
  'node:tls': [(show) => toTls(tls.createServer(pem, show)), (stream) => secure(stream)],
  // The one that the server could not agree with.
  'node:tls, in tlsClientError': [
    (show) =>
      toTls(tls.createServer({ ...pem, ALPNProtocols: ['a'] }).on('tlsClientError', (_error, socket) => show(socket))),
    (stream) => secure(stream, ['b']),
  ],
};

const transports: Record<string, (conns$: Subject<Conn>) => Promise<Duplex>> = {
  TCP: async (conns$) => {
    const port = await stage.listen((conn) => conns$.next(conn));
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    stage.onDown(() => socket.destroy());
    return socket;
  },
  'a stream that is no socket': (conns$) => {
    const [near, far] = memoryPipe();
    conns$.next(far);
    return Promise.resolve(near.duplex().on('error', () => undefined));
  },
};

describe.each(Object.keys(transports))('over %s', (transport) => {
  test.each(Object.keys(kinds))('a server of %s sees the client that a PROXY header names', async (kind) => {
    const [sinkOf, ask] = kinds[kind] as (typeof kinds)[string];
    const conns$ = new Subject<Conn>();
    const shown = new Promise((resolve) => {
      const sink = sinkOf((socket) => {
        const { remoteAddress, remoteFamily, remotePort } = socket;
        resolve([remoteAddress, remoteFamily, remotePort]);
      });
      stage.onDown(() => sink.close({ graceMs: 0 }));
      const sorting = conns$.pipe(proxyProtocol({ trust: ['127.0.0.1', '192.0.2.0/24'] })).subscribe(sink);
      stage.onDown(() => sorting.unsubscribe());
    });
    const stream = await (transports[transport] as (typeof transports)[string])(conns$);
    stream.write('PROXY TCP6 2001:db8::7 2001:db8::5 55 77\r\n');
    ask(stream);
    expect(await shown).toEqual(['2001:db8::7', 'IPv6', 55]);
  });
});
