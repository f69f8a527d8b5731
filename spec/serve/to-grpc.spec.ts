import { afterEach, beforeAll, expect, test } from '@jest/globals';
import grpc, { type ServiceError } from '@grpc/grpc-js';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { count, echoServer, MESSAGES, say } from './grpc-echo.js';
import { localhostPem, Stage } from './sink-harness.js';

const stage = new Stage();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));
afterEach(() => stage.down());

function client(port: number, credentials = grpc.credentials.createInsecure()): grpc.Client {
  const made = new grpc.Client(`localhost:${port}`, credentials, { 'grpc.enable_retries': 0 });
  stage.onDown(() => {
    made.close();
  });
  return made;
}

const insecure = grpc.ServerCredentials.createInsecure();

test('a server and its credentials serve unary calls', async () => {
  expect(String(await say(client(await stage.serve(toGrpc(echoServer(), insecure))), 'hello'))).toBe('hello');
});

test('an injector serves a stream of 3,000 messages', async () => {
  const port = await stage.serve(toGrpc(echoServer().createConnectionInjector(insecure)));
  expect(await count(client(port)).toArray()).toHaveLength(MESSAGES);
});

test('a server without credentials is refused with the way to give them', () => {
  const make = (): unknown => toGrpc(echoServer(), undefined as unknown as grpc.ServerCredentials);
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  expect(make).toThrow('createInsecure()');
});

test('a connection from inside TLS is served with insecure credentials', async () => {
  const conns$ = new Subject<Conn>();
  conns$.pipe(terminateTls({ ...pem, ALPNProtocols: ['h2'] })).subscribe(toGrpc(echoServer(), insecure));
  const port = await stage.listen((conn) => {
    conns$.next(conn);
  });
  expect(String(await say(client(port, grpc.credentials.createSsl(Buffer.from(pem.cert))), 'secret'))).toBe('secret');
});

test('a connection still encrypted is served with secure credentials', async () => {
  const secure = grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(pem.key), cert_chain: Buffer.from(pem.cert) },
  ]);
  const port = await stage.serve(toGrpc(echoServer(), secure));
  expect(String(await say(client(port, grpc.credentials.createSsl(Buffer.from(pem.cert))), 'secret'))).toBe('secret');
});

test('a call and FIN, there before the server is, end no process when the way back is slow', async () => {
  const far = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      setImmediate(() => setImmediate(() => setImmediate(done)));
    },
    final(done) {
      setImmediate(() => setImmediate(() => setImmediate(done)));
    },
  });
  far.push('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  far.push(Buffer.from('000000040000000000', 'hex'));
  // HEADERS, END_STREAM and END_HEADERS: :method POST, :scheme http, :path /, :authority x
  far.push(Buffer.from('000006010500000001838684410178', 'hex'));
  far.push(null);
  toGrpc(echoServer(), insecure).next(fromDuplex(far));
  await once(far, 'close');
  expect(far.errored).toBeNull();
});

test('close lets an open call finish; a call after that is refused', async () => {
  const calls = new Subject<() => void>();
  const sink = toGrpc(
    echoServer((call, answer) => {
      calls.next(() => {
        answer(null, call.request);
      });
    }),
    insecure,
  );
  const from = client(await stage.serve(sink));
  let finish: (() => void) | undefined;
  const called = new Promise<void>((resolve) => {
    calls.subscribe((done) => {
      finish = done;
      resolve();
    });
  });
  const answer = say(from, 'under way');
  await called;
  const closed = sink.close({ scheduler: new VirtualTimeScheduler() });
  finish?.();
  expect(String(await answer)).toBe('under way');
  await closed;
  const refused = await say(from, 'too late').catch((error: unknown) => error as ServiceError);
  expect(refused).toMatchObject({ code: grpc.status.UNAVAILABLE });
});
