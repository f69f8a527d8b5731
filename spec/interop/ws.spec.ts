import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import { terminateTls } from '../../src/net/terminate-tls.js';
import type { Sink } from '../../src/serve/sink.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { http1, tls, websocket } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { localhostPem } from '../serve/sink-harness.js';
import { Lab } from './run.js';

const MAX_BYTES = 400_000;

describe.each(['ws', 'wss'])('ws, %s:', (scheme) => {
  const lab = new Lab();
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_BYTES, perMessageDeflate: true });
  let sink: Sink;
  let clients: WebSocket[] = [];
  let ca = '';
  let port = 0;

  beforeAll(async () => {
    server.on('connection', (client) => {
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
      client.on('error', () => undefined);
    });
    sink = toWebSocket(server);
    const web = toHttp(http.createServer((_request, response) => response.end('page')));
    const pem = await localhostPem();
    ca = pem.cert;
    port = await lab.port((conns$) => {
      const outer = partitionByProtocol(conns$, { sockets: websocket(), web: http1(), secure: tls() });
      const inner = partitionByProtocol(outer.secure.pipe(terminateTls(pem)), { sockets: websocket(), web: http1() });
      return [outer, inner].flatMap((routes) => [routes.sockets.subscribe(sink), routes.web.subscribe(web)]);
    });
  });
  afterEach(() => {
    for (const client of clients) client.terminate();
    clients = [];
  });
  afterAll(() => lab.down());

  const connect = async (path = '/'): Promise<WebSocket> => {
    const client = new WebSocket(`${scheme}://localhost:${port}${path}`, { ca });
    clients.push(client);
    await once(client, 'open');
    return client;
  };
  const echo = async (client: WebSocket, message: string | Buffer): Promise<readonly [Buffer, isBinary: boolean]> => {
    client.send(message);
    return (await once(client, 'message')) as [Buffer, boolean];
  };
  const closed = async (client: WebSocket): Promise<readonly [number, string]> => {
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    return [code, reason.toString()];
  };

  test('text and binary come back as what they are', async () => {
    const client = await connect('/any/path?q=1');
    expect(await echo(client, 'grüße')).toEqual([Buffer.from('grüße'), false]);
    const bytes = Buffer.from([0, 255, 128, 10]);
    expect(await echo(client, bytes)).toEqual([bytes, true]);
  });

  test('300 kB come back intact', async () => {
    const bytes = randomBytes(300_000);
    const [back] = await echo(await connect(), bytes);
    expect(back.equals(bytes)).toBe(true);
  });

  test('a ping is answered', async () => {
    const client = await connect();
    client.ping('beat');
    const [data] = (await once(client, 'pong')) as [Buffer];
    expect(data.toString()).toBe('beat');
  });

  test("the client's close code and reason reach the server, and come back", async () => {
    const accepted = once(server, 'connection');
    const client = await connect();
    const [served] = (await accepted) as [WebSocket];
    const ends = Promise.all([closed(served), closed(client)]);
    client.close(4001, 'done here');
    expect(await ends).toEqual([
      [4001, 'done here'],
      [4001, 'done here'],
    ]);
  });

  test('a message that is too long ends in 1009', async () => {
    const client = await connect();
    client.send(Buffer.alloc(MAX_BYTES + 1));
    expect(await closed(client)).toEqual([1009, '']);
  });

  test('other requests on the port are answered as HTTP', async () => {
    const request = (scheme === 'ws' ? http : https).get(`${scheme.replace('ws', 'http')}://localhost:${port}/`, {
      ca,
    });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(Buffer.concat(await response.toArray()).toString()).toBe('page');
  });

  test('closing the sink says 1001, going away', async () => {
    const client = await connect();
    const [end] = await Promise.all([closed(client), sink.close()]);
    expect(end).toEqual([1001, 'going away']);
  });
});
