import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import grpc from '@grpc/grpc-js';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { tls as tlsMatcher } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { localhostPem, Stage } from '../serve/sink-harness.js';
import { clientHello } from './sink-targets.js';

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
let hello: Buffer;
beforeAll(async () => {
  pem = await localhostPem();
  hello = await clientHello();
});
afterEach(() => stage.down());

interface Taker {
  next(conn: Conn): void;
}

const stages: Record<string, () => Taker> = {
  'toHttp of a server of node:https': () => toHttp(https.createServer(pem)),
  'toHttp2 of a secure server': () => toHttp2(http2.createSecureServer(pem)),
  'toHttp2 of a secure server that allows HTTP/1': () =>
    toHttp2(http2.createSecureServer({ ...pem, allowHTTP1: true })),
  toTls: () => toTls(tls.createServer(pem)),
  'toTls of a server that allows half-open connections': () => toTls(tls.createServer({ ...pem, allowHalfOpen: true })),
  'toGrpc with secure credentials': () => {
    const pair = { private_key: Buffer.from(pem.key), cert_chain: Buffer.from(pem.cert) };
    return toGrpc(new grpc.Server(), grpc.ServerCredentials.createSsl(null, [pair]));
  },
  terminateTls: () => {
    const conns$ = new Subject<Conn>();
    conns$.pipe(terminateTls(pem)).subscribe();
    return conns$;
  },
};

const leave: Record<string, (client: Socket) => unknown> = {
  FIN: (client) => client.end(),
  RST: (client) => client.resetAndDestroy(),
};

// Each stage waits for a handshake at least 10 s by itself, which is longer than a test may take here.
describe.each(Object.keys(stages))('%s', (name) => {
  test.each([
    ['half a ClientHello', 'FIN', 0.5],
    ['half a ClientHello', 'RST', 0.5],
    ['a whole ClientHello', 'FIN', 1],
    ['a whole ClientHello', 'RST', 1],
  ] as const)(
    'lets go of a client that sends %s and %s',
    async (_what, end, part) => {
      const conns$ = new Subject<Conn>();
      const sniffing = conns$.pipe(sniff(tlsMatcher())).subscribe(stages[name]?.());
      stage.onDown(() => sniffing.unsubscribe());
      let accepted: Socket | undefined;
      const port = await stage.listen((conn, socket) => {
        accepted = socket;
        conns$.next(conn);
      });
      const client = await stage.client(port);
      client.socket.write(hello.subarray(0, Math.ceil(part * hello.length)));
      while (accepted === undefined || accepted.bytesRead === 0) await new Promise(setImmediate);
      const closed = once(accepted, 'close').catch(() => undefined);
      leave[end]?.(client.socket);
      await closed;
      expect(accepted.destroyed).toBe(true);
    },
    5000,
  );
});
