import grpc from '@grpc/grpc-js';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { duplexPair } from 'node:stream';
import tls from 'node:tls';
import { WebSocketServer } from 'ws';
import { proxyTo } from '../../src/serve/proxy-to.js';
import type { Sink } from '../../src/serve/sink.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { localhostPem, type Stage } from '../serve/sink-harness.js';

/** A sink with a real server behind it. */
export interface Target {
  /** Its first flight: a whole request where that takes one flight. */
  readonly flight: Buffer;
  /** What the first bytes of its reply hold. */
  readonly reply: string;
  sink(stage: Stage): Sink | Promise<Sink>;
}

const HTTP2_HELLO = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  // Empty SETTINGS
  Buffer.from('000000040000000000', 'hex'),
]);
const HTTP2_GET = Buffer.from('000006010500000001828684410178', 'hex');
const SERVER_SETTINGS = '\0\0\0\x04\x01';
// Type and flags of a DATA frame with END_STREAM on stream 1
const HTTP2_RESPONSE_ENDS = '\0\x01\0\0\0\x01';

async function echoPort(stage: Stage): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  stage.onDown(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The first flight of a TLS client. */
export async function clientHello(): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = tls.connect({ socket: near, rejectUnauthorized: false });
  client.on('error', () => undefined);
  const [hello] = (await once(far, 'data')) as [Buffer];
  client.destroy();
  return hello;
}

export async function targets(): Promise<Record<string, Target>> {
  const pem = await localhostPem();
  return {
    toHttp: {
      flight: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      reply: 'served',
      sink: () => toHttp(http.createServer((_request, response) => response.end('served'))),
    },
    toHttp2: {
      flight: Buffer.concat([HTTP2_HELLO, HTTP2_GET]),
      reply: HTTP2_RESPONSE_ENDS,
      sink: () => toHttp2(http2.createServer((_request, response) => response.end('served'))),
    },
    toGrpc: {
      flight: HTTP2_HELLO,
      reply: SERVER_SETTINGS,
      sink: () => toGrpc(new grpc.Server(), grpc.ServerCredentials.createInsecure()),
    },
    toTls: {
      flight: await clientHello(),
      // A handshake record
      reply: '\x16\x03\x03',
      sink: () => toTls(tls.createServer({ ...pem, handshakeTimeout: 1000 })),
    },
    toWebSocket: {
      flight: Buffer.from(
        'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      ),
      reply: ' 101 ',
      sink: () => {
        const server = new WebSocketServer({ noServer: true });
        server.on('connection', (client) => client.on('error', () => undefined));
        return toWebSocket(server);
      },
    },
    proxyTo: {
      flight: Buffer.from('echo'),
      reply: 'echo',
      sink: async (stage) => proxyTo({ port: await echoPort(stage), host: '127.0.0.1' }),
    },
  };
}
