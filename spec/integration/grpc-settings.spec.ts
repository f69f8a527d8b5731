import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import grpc from '@grpc/grpc-js';
import http from 'node:http';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { firstValueFrom, Subject } from 'rxjs';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { grpc as grpcMatcher, http1, http2 as http2Matcher } from '../../src/sniff/matchers/index.js';
import type { Decision } from '../../src/sniff/outcome.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { loopback, type Loopback } from '../net/loopback.js';
import { count, echoServer, MESSAGES, say } from '../serve/grpc-echo.js';
import { octets, opening, requestFlight, settingsAck } from '../sniff/http2-client.js';

const GOAWAY = 7;
const SETTINGS = 4;

/** Types of the frames in what a server sent. */
function frameTypes(sent: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= sent.length; at += 9 + Buffer.from(sent).readUIntBE(at, 3)) types.push(sent[at + 3] ?? -1);
  return types;
}

let server: Loopback;
let decided$: Subject<Decision>;
const sinks: { close(options: { graceMs: number }): Promise<void> }[] = [];
const clients: grpc.Client[] = [];

beforeEach(async () => {
  decided$ = new Subject();
  const rpc = toGrpc(echoServer(), grpc.ServerCredentials.createInsecure());
  const h2 = toHttp2(http2.createServer((_req, res) => res.end('h2')));
  const web = toHttp(http.createServer((_req, res) => res.end('h1')));
  sinks.push(rpc, h2, web);
  server = await loopback((conns$) => {
    const routes = partitionByProtocol(
      conns$,
      { rpc: grpcMatcher(), h2: http2Matcher(), web: http1() },
      { decided: decided$, timeoutMs: 300 },
    );
    const serving = routes.rpc.subscribe(rpc);
    serving.add(routes.h2.subscribe(h2));
    serving.add(routes.web.subscribe(web));
    return serving;
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  server.close();
  await Promise.all(sinks.splice(0).map((sink) => sink.close({ graceMs: 0 })));
});

function grpcClient(): grpc.Client {
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  clients.push(client);
  return client;
}

describe('gRPC clients that wait for SETTINGS', () => {
  it('case 41: a real client calls, streams messages and calls again on the connection that was prompted', async () => {
    const client = grpcClient();
    const decision = firstValueFrom(decided$);
    expect(String(await say(client, 'one'))).toBe('one');
    expect((await decision).protocol).toBe('grpc');
    const messages = (await count(client).toArray()) as Buffer[];
    expect(messages.map((message) => message[0])).toEqual(Array.from({ length: MESSAGES }, (_, n) => n & 255));
    expect(String(await say(client, 'two'))).toBe('two');
  });

  it('serves HTTP/1 and other HTTP/2 clients on the same port', async () => {
    const reply = await fetch(`http://127.0.0.1:${server.port}/`);
    expect(await reply.text()).toBe('h1');
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    const body = await new Promise<string>((resolve, reject) => {
      session.on('error', reject);
      session.request({ ':path': '/' }).on('data', (chunk: Buffer) => resolve(String(chunk)));
    });
    session.destroy();
    expect(body).toBe('h2');
  });
});

describe('a raw client of the header matcher', () => {
  const call = requestFlight({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/spec.Echo/Say',
    ':authority': 'x',
    'content-type': 'application/grpc',
    te: 'trailers',
  }).subarray(opening.length);
  const ping = octets(0, 0, 8, 6, 0, 0, 0, 0, 0, 'alive!!!');

  /** Sends the opening, waits for the prompt, and gives what the server sends as it comes. */
  async function prompted(): Promise<{
    client: Socket;
    sent: () => Buffer;
    until: (test: (sent: Buffer) => boolean) => Promise<void>;
  }> {
    const client = await server.connect();
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    const sent = (): Buffer => Buffer.concat(chunks);
    const until = async (test: (bytes: Buffer) => boolean): Promise<void> => {
      while (!test(sent())) await new Promise(setImmediate);
    };
    client.write(opening);
    await until((bytes) => bytes.length >= 9);
    expect(sent()).toEqual(Buffer.from([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]));
    return { client, sent, until };
  }

  // The PING is answered only by a session that is healthy after all that came before it.
  const isAlive = (sent: Buffer): boolean => sent.includes('alive!!!');

  it.each([
    ['before its call', [octets(settingsAck, call), ping]],
    ['behind its call, in the same packet', [octets(call, settingsAck), ping]],
    ['behind its call, later', [call, settingsAck, ping]],
    ['in two pieces', [octets(call, settingsAck.subarray(0, 4)), settingsAck.subarray(4), ping]],
  ])(
    'case 42: whose acknowledgement comes %s has a healthy session and got one SETTINGS of ours',
    async (_, pieces) => {
      const { client, sent, until } = await prompted();
      for (const piece of pieces) await new Promise((resolve) => client.write(piece, () => setImmediate(resolve)));
      await until(isAlive);
      expect(frameTypes(sent())).not.toContain(GOAWAY);
      // Ours and the server's own, and the server's acknowledgement of the client's.
      expect(frameTypes(sent()).filter((type) => type === SETTINGS)).toHaveLength(3);
    },
  );

  it('case 42: whose acknowledgement comes after hand-over, or never, has a healthy session', async () => {
    for (const late of [true, false]) {
      const { client, sent, until } = await prompted();
      const decision = firstValueFrom(decided$);
      client.write(call);
      expect((await decision).protocol).toBe('grpc');
      client.write(octets(late ? settingsAck : '', ping));
      await until(isAlive);
      expect(frameTypes(sent())).not.toContain(GOAWAY);
    }
  });

  it('case 41: that is ready long before its first call goes to the gRPC server, too', async () => {
    const decision = firstValueFrom(decided$);
    const { client, until } = await prompted();
    client.write(settingsAck);
    expect((await decision).protocol).toBe('grpc');
    client.write(octets(call, ping));
    await until(isAlive);
  });

  it('case 41: that sends its call by itself is never prompted', async () => {
    const client = await server.connect();
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.write(octets(opening, call, ping));
    while (!isAlive(Buffer.concat(chunks))) await new Promise(setImmediate);
    expect(frameTypes(Buffer.concat(chunks)).filter((type) => type === SETTINGS)).toHaveLength(2);
  });
});
