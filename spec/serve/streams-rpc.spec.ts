import { create, toBinary } from '@bufbuild/protobuf';
import { fileDesc, serviceDesc, type GenService } from '@bufbuild/protobuf/codegenv2';
import { base64Encode } from '@bufbuild/protobuf/wire';
import {
  file_google_protobuf_wrappers,
  FileDescriptorProtoSchema,
  type StringValueSchema,
} from '@bufbuild/protobuf/wkt';
import { createClient, type Client, type ConnectRouter, type Transport } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import http2 from 'node:http2';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import type { Session } from '../../src/session/session.js';
import { turn } from '../session/session-ends.js';
import { echoServer } from './grpc-echo.js';
import { sessionPair } from './session-pair.js';

/** What a code generator would make of a service of two calls, `Say` and `Count`, both of `google.protobuf.StringValue`. */
const StringValue = '.google.protobuf.StringValue';
const Echo: GenService<{
  say: { methodKind: 'unary'; input: typeof StringValueSchema; output: typeof StringValueSchema };
  count: { methodKind: 'server_streaming'; input: typeof StringValueSchema; output: typeof StringValueSchema };
}> = serviceDesc(
  fileDesc(
    base64Encode(
      toBinary(
        FileDescriptorProtoSchema,
        create(FileDescriptorProtoSchema, {
          name: 'echo.proto',
          package: 'spec',
          syntax: 'proto3',
          dependency: ['google/protobuf/wrappers.proto'],
          service: [
            {
              name: 'Echo',
              method: [
                { name: 'Say', inputType: StringValue, outputType: StringValue },
                { name: 'Count', inputType: StringValue, outputType: StringValue, serverStreaming: true },
              ],
            },
          ],
        }),
      ),
    ),
    [file_google_protobuf_wrappers],
  ),
  0,
);

const COUNT = 300;
/** Messages come of it, and no end. */
const STAY = 'stay';
const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0).reverse()) down();
});

function joined(): readonly [Session, Session] {
  const pair = sessionPair();
  downs.push(() => {
    for (const s of pair) s.conn._destroy(undefined, false);
  });
  return pair;
}

const routes = (router: ConnectRouter): unknown =>
  router.service(Echo, {
    say: (words) => words,
    async *count({ value }) {
      for (let i = 0; i < COUNT; i++) yield { value };
      if (value === STAY) await new Promise(() => undefined);
    },
  });

/** A gRPC server of grpc-js; its messages are copied as they come. */
function grpcServer(): grpc.Server {
  const server = echoServer(undefined, (call) => {
    for (let i = 0; i < COUNT; i++) call.write(call.request);
    if (!call.request.includes(STAY)) call.end();
  });
  downs.push(() => server.forceShutdown());
  return server;
}

const baseUrl = 'http://peer';
const kinds: readonly (readonly [string, (server: Session) => void, (client: Session) => Transport])[] = [
  [
    'connect-node over HTTP/1.1 to connect-node, with httpAgent',
    ({ accept$ }) => accept$.subscribe(toHttp(http.createServer(connectNodeAdapter({ routes })))),
    (s) => createConnectTransport({ baseUrl, httpVersion: '1.1', nodeOptions: { agent: httpAgent(s) } }),
  ],
  [
    'connect-node over HTTP/2 to connect-node, with connectThrough',
    ({ accept$ }) => accept$.subscribe(toHttp2(http2.createServer(connectNodeAdapter({ routes })))),
    (s) => createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions: { createConnection: connectThrough(s) } }),
  ],
  [
    'gRPC of connect-node to grpc-js, with connectThrough',
    ({ accept$ }) => accept$.subscribe(toGrpc(grpcServer(), grpc.ServerCredentials.createInsecure())),
    (s) => createGrpcTransport({ baseUrl, nodeOptions: { createConnection: connectThrough(s) } }),
  ],
];

describe.each(kinds)('%s', (_name, serve, transport) => {
  function connected(): { readonly client: Client<typeof Echo>; readonly sessions: readonly [Session, Session] } {
    const sessions = joined();
    serve(sessions[1]);
    return { client: createClient(Echo, transport(sessions[0])), sessions };
  }

  it('makes calls, small and large, at the same time', async () => {
    const { client } = connected();
    const words = ['', 'a', 'x'.repeat(1_000_000), ...Array.from({ length: 50 }, (_, i) => `call ${i}`)];
    const replies = await Promise.all(words.map(async (value) => (await client.say({ value })).value));
    expect(replies).toEqual(words);
  });

  it('gets a stream of messages', async () => {
    const { client } = connected();
    const values: string[] = [];
    for await (const { value } of client.count({ value: 'again' })) values.push(value);
    expect(values).toEqual(Array(COUNT).fill('again'));
  });

  it('fails calls under way, and later ones, when the session is lost', async () => {
    const { client, sessions } = connected();
    await client.say({ value: 'warm' });
    const [near] = sessions;
    const call = client.count({ value: STAY })[Symbol.asyncIterator]();
    await call.next();
    near.conn._destroy(undefined, true);
    const rest = async (): Promise<void> => {
      while ((await call.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ name: 'ConnectError' });
    // A call of connect-node from within this very turn would leave an 'error' of its HTTP/2 session without a listener.
    await turn();
    for (let i = 0; i < 3; i++) {
      await expect(client.say({ value: 'late' })).rejects.toMatchObject({ name: 'ConnectError' });
    }
  });
});
