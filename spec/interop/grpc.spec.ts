import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, credentials, type MethodDefinition, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { merge, tap } from 'rxjs';
import { grpcSink } from '../../src/cli/demo/grpc-services.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { dial } from '../../src/net/dial.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toHttp } from '../../src/serve/to-http.js';
import { framesFrom, FrameType, isSettingsAck } from '../../src/sniff/http2-frame.js';
import { any, grpc, http1, tls } from '../../src/sniff/matchers/index.js';
import type { Decision, Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { buildGrpcClient } from './grpc-client.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';

interface Message {
  readonly text: string;
  readonly times?: number;
}

const PROTO = fileURLToPath(new URL('../../src/cli/demo/echo.proto', import.meta.url));
const echo = loadSync(PROTO)['rxmux.demo.Echo'] as ServiceDefinition;

/** A client with a connection of its own. */
class EchoClient {
  readonly #client: Client;

  constructor(port: number, ca: string | undefined) {
    const trust = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
    this.#client = new Client(`localhost:${port}`, trust, { 'grpc.use_local_subchannel_pool': 1 });
  }

  once(message: Message): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = methodOf('Once');
    return answerOf((done) =>
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, done),
    );
  }

  repeat(message: Message): Promise<Message[]> {
    const { path, requestSerialize, responseDeserialize } = methodOf('Repeat');
    return this.#client
      .makeServerStreamRequest(path, requestSerialize, responseDeserialize, message)
      .toArray() as Promise<Message[]>;
  }

  join(messages: readonly Message[]): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = methodOf('Join');
    return answerOf((done) => {
      const call = this.#client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, done);
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  chat(messages: readonly Message[]): Promise<Message[]> {
    const { path, requestSerialize, responseDeserialize } = methodOf('Chat');
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    for (const message of messages) call.write(message);
    call.end();
    return call.toArray() as Promise<Message[]>;
  }

  close(): void {
    this.#client.close();
  }
}

function methodOf(name: string): MethodDefinition<Message, Message> {
  return echo[name] as MethodDefinition<Message, Message>;
}

function answerOf(call: (done: (error: ServiceError | null, answer?: Message) => void) => unknown): Promise<Message> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      if (answer === undefined) reject(error ?? new Error('neither answer nor error'));
      else resolve(answer);
    });
  });
}

const lab = new Lab();
const decisions: Decision[] = [];
const rejections: Rejection[] = [];
let ca = '';
let certificate = '';
let port = 0;

beforeAll(async () => {
  const pem = await localhostPem();
  ca = pem.cert;
  certificate = join(lab.directory(), 'cert.pem');
  writeFileSync(certificate, ca);
  const rpc = await grpcSink((line) => {
    throw new Error(line);
  });
  const web = toHttp(http.createServer((_request, response) => response.end('REST')));
  if (rpc === undefined) throw new Error('grpc-js is not installed');
  const options = {
    decided: { next: (decision: Decision) => decisions.push(decision) },
    rejected: { next: (rejection: Rejection) => rejections.push(rejection) },
  };
  port = await lab.port((conns$) => {
    const outer = partitionByProtocol(conns$, { rpc: grpc(), web: http1(), secure: tls(), rest: any() }, options);
    const secure$ = outer.secure.pipe(terminateTls({ ...pem, ALPNProtocols: ['h2', 'http/1.1'] }));
    const inner = partitionByProtocol(secure$, { rpc: grpc(), web: http1(), rest: any() }, options);
    return [outer, inner].flatMap((routes) => [routes.rpc.subscribe(rpc), routes.web.subscribe(web)]);
  });
});
afterEach(() => {
  expect(rejections).toEqual([]);
});
afterAll(() => lab.down());

const protocolsSince = (start: number): string[] => decisions.slice(start).map(({ protocol }) => protocol);

describe.each(['in the clear', 'inside TLS'])('grpc-js, %s', (where) => {
  const clients: EchoClient[] = [];
  const connect = (): EchoClient => {
    const client = new EchoClient(port, where === 'inside TLS' ? ca : undefined);
    clients.push(client);
    return client;
  };
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  test('all four kinds of call are answered over one connection', async () => {
    const start = decisions.length;
    const client = connect();
    expect(await client.once({ text: 'hello' })).toMatchObject({ text: 'hello' });
    expect((await client.repeat({ text: 'again', times: 3 })).map(({ text }) => text)).toEqual([
      'again',
      'again',
      'again',
    ]);
    expect(await client.join(['a', 'b', 'c'].map((text) => ({ text })))).toMatchObject({ text: 'a b c', times: 3 });
    expect((await client.chat([{ text: 'x' }, { text: 'y' }])).map(({ text }) => text)).toEqual(['x', 'y']);
    expect(protocolsSince(start)).toEqual(where === 'inside TLS' ? ['tls', 'grpc'] : ['grpc']);
  });

  test('case 42: 3000 messages come back in order, and the connection goes on', async () => {
    const client = connect();
    const texts = Array.from({ length: 3000 }, (_, n) => `message ${n} ${'.'.repeat(n % 100)}`);
    const back = await client.chat(texts.map((text) => ({ text })));
    expect(back.map(({ text }) => text)).toEqual(texts);
    expect(await client.once({ text: 'and on' })).toMatchObject({ text: 'and on' });
  });

  test('50 clients at once have 50 connections, and each gets its own answer', async () => {
    const start = decisions.length;
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => connect().once({ text: `client ${n}` })));
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, n) => `client ${n}`));
    expect(protocolsSince(start).filter((protocol) => protocol === 'grpc')).toHaveLength(50);
  });
});

test('gRPC and REST clients share the port at the same time', async () => {
  const start = decisions.length;
  const client = new EchoClient(port, undefined);
  const [rest, answer] = await Promise.all([
    fetch(`http://localhost:${port}/`).then((response) => response.text()),
    client.once({ text: 'gRPC' }),
  ]);
  client.close();
  expect([rest, answer.text]).toEqual(['REST', 'gRPC']);
  expect(protocolsSince(start).sort()).toEqual(['grpc', 'http1']);
});

describePeer(['go', 'google.golang.org/grpc'], 'grpc-go', ({ go }) => {
  let client = '';
  beforeAll(async () => {
    client = await buildGrpcClient(lab, go);
  }, 180_000);

  const ask = (...args: string[]) => lab.run(client, ['-address', `localhost:${port}`, ...args]);

  test.each([
    ['SERVING', []],
    ['SERVING', ['-service', 'rxmux.demo.Echo']],
    ['NotFound', ['-service', 'unknown']],
    ['SERVING', ['-watch']],
    ['SERVICE_UNKNOWN', ['-watch', '-service', 'unknown']],
  ])('says %s when run with %j, in the clear and inside TLS', async (answer, args) => {
    const expected = { code: 0, stdout: `${answer}\n`, stderr: '' };
    expect(await ask(...args)).toEqual(expected);
    expect(await ask(...args, '-ca', certificate)).toEqual(expected);
  });

  test('case 41: 50 clients that wait for SETTINGS are all served', async () => {
    const start = decisions.length;
    expect(await ask('-connections', '50')).toEqual({ code: 0, stdout: 'SERVING\n'.repeat(50), stderr: '' });
    expect(protocolsSince(start)).toEqual(Array.from({ length: 50 }, () => 'grpc'));
  });

  test('case 41: it sees one SETTINGS of rxmux, which is empty, and one of the server', async () => {
    const fromServer: Uint8Array[] = [];
    const tapped = await lab.port((conns$) => [
      conns$.subscribe((conn) => {
        dial({ port, host: '127.0.0.1' }).subscribe((server) => {
          const heard$ = server.pipe(tap((chunk) => fromServer.push(chunk)));
          merge(conn.pipe(flowTo(server)), heard$.pipe(flowTo(conn))).subscribe();
        });
      }),
    ]);
    const outcome = await lab.run(client, ['-address', `localhost:${tapped}`]);
    expect(outcome).toEqual({ code: 0, stdout: 'SERVING\n', stderr: '' });
    const settings = [...framesFrom(Buffer.concat(fromServer), 0)].filter(
      (frame) => frame.type === FrameType.settings && !isSettingsAck(frame),
    );
    expect({ sent: settings.length, first: settings[0]?.length }).toEqual({ sent: 2, first: 0 });
  });
});
