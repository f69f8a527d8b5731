import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Conn } from '../../src/conn/conn.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

// RFC 9113 sections 3.4 and 4.1
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from('000000040000000000', 'hex');
const GET = Buffer.from('000006010500000001828684410178', 'hex');
const CANCEL = Buffer.from('00000403000000000100000008', 'hex');

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

const ups: (() => void)[] = [];
afterEach(() => {
  for (const down of ups.splice(0)) down();
});

function echoServer(): http2.Http2Server {
  const server = http2.createServer((request, response) => void request.pipe(response));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => stream.on('error', () => undefined));
  return server;
}

function clientOver(duplex: Duplex): ClientHttp2Session {
  const session = http2.connect('http://pipe', { createConnection: () => duplex });
  session.on('error', () => undefined);
  ups.push(() => session.destroy());
  return session;
}

async function post(session: ClientHttp2Session, body: Buffer): Promise<Buffer> {
  const request = session.request({ ':path': '/', ':method': 'POST' });
  request.end(body);
  return Buffer.concat((await request.toArray()) as Buffer[]);
}

/** The ways to give a stream to a server of node:http2. */
const servers: Record<string, (conn: Conn) => void> = {
  'toHttp2()': (conn) => toHttp2(echoServer()).next(conn),
  'a server of its own': (conn) => {
    const duplex = conn.duplex();
    duplex.on('error', () => undefined);
    echoServer().emit('connection', duplex);
  },
};

describe.each(Object.entries(servers))('HTTP/2 over streams that are no sockets, with %s', (_name, serve) => {
  it('answers fifty requests at a time, with bodies larger than the pipe', async () => {
    const [client, server] = memoryPipe({ capacityBytes: 100_000 });
    serve(server);
    const session = clientOver(client.duplex());
    const bodies = Array.from({ length: 50 }, (_, i) => Buffer.alloc(i * 1000, i));
    const replies = await Promise.all(bodies.map((body) => post(session, body)));
    expect(replies.every((reply, i) => reply.equals(bodies[i] ?? PREFACE))).toBe(true);
  });

  it('closes the stream when its session is closed', async () => {
    const [client, server] = memoryPipe();
    serve(server);
    const duplex = client.duplex();
    const session = clientOver(duplex);
    await post(session, Buffer.from('one'));
    session.close();
    await once(duplex, 'close');
    expect(duplex.errored).toBeNull();
  });

  // Each of these ended the process of a stream that got one of the rules wrong.
  it.each<readonly [string, readonly Buffer[], (peer: Conn, server: Duplex) => void]>([
    ['whose end was there before it was attached', [], (peer) => peer.complete()],
    ['that ends behind its preface', [PREFACE, SETTINGS], (peer) => peer.complete()],
    ['that ends behind a request', [PREFACE, SETTINGS, GET], (peer) => peer.complete()],
    ['that ends behind a request it takes back', [PREFACE, SETTINGS, GET, CANCEL], (peer) => peer.complete()],
    ['that is reset', [PREFACE, SETTINGS, GET], (peer) => peer.error(new Error('gone'))],
    ['that sends garbage', [Buffer.from('not http at all, but long enough to look')], (peer) => peer.complete()],
    [
      'that breaks its frames',
      [PREFACE, SETTINGS, GET, Buffer.from('ffffff090100000001', 'hex')],
      (peer) => peer.complete(),
    ],
    ['that is destroyed by us', [PREFACE, SETTINGS, GET], (_peer, server) => server.destroy()],
    ['that we destroy with an error', [PREFACE, SETTINGS, GET], (_peer, server) => server.destroy(new Error('why'))],
  ])('survives a peer %s, whether it reads or not', async (_name, flights, end) => {
    for (const reads of [true, false]) {
      for (const after of [0, 1, 3]) {
        const [peer, server] = memoryPipe({ capacityBytes: reads ? 65_536 : 1 });
        const duplex = server.duplex();
        for (const flight of flights) peer.next(flight);
        if (reads) peer.subscribe({ error: () => undefined });
        if (after === 0 && flights.length === 0) end(peer, duplex);
        serve(server);
        await turns(after);
        end(peer, duplex);
        await turns(6);
        peer.error(new Error('over'));
        await turns(10);
        expect(duplex.destroyed).toBe(true);
      }
    }
  });
});

describe('an HTTP/2 client over a stream that is no socket', () => {
  it.each<readonly [string, (peer: Conn, near: Duplex) => void]>([
    ['whose end was there before it was attached', () => undefined],
    ['that ends after its SETTINGS', (peer) => peer.next(SETTINGS)],
    ['that sends garbage', (peer) => peer.next(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))],
    ['that is reset', (peer) => peer.error(new Error('gone'))],
    ['that is destroyed by us', (_peer, near) => near.destroy()],
    ['that we destroy with an error', (_peer, near) => near.destroy(new Error('why'))],
  ])('survives a server %s, and its request fails', async (_name, act) => {
    for (const reads of [true, false]) {
      for (const after of [0, 1, 3]) {
        const [peer, client] = memoryPipe({ capacityBytes: reads ? 65_536 : 1 });
        const near = client.duplex();
        if (reads) peer.subscribe({ error: () => undefined });
        if (after === 0) {
          act(peer, near);
          peer.complete();
        }
        const session = clientOver(near);
        const request = session.request({ ':path': '/', ':method': 'POST' });
        request.on('error', () => undefined);
        request.write(Buffer.alloc(10_000));
        const closed = new Promise((resolve) => request.once('close', resolve));
        await turns(after);
        if (after > 0) act(peer, near);
        await turns(3);
        peer.complete();
        await turns(6);
        peer.error(new Error('over'));
        await closed;
        await turns(10);
        expect(near.destroyed).toBe(true);
      }
    }
  });
});
