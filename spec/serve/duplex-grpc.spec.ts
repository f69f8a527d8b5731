import grpc from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import type { Duplex } from 'node:stream';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { toGrpc } from '../../src/serve/to-grpc.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { count, echoServer, MESSAGES, say } from './grpc-echo.js';
import { Stage } from './sink-harness.js';

const stage = new Stage();
afterEach(() => stage.down());

/** A gRPC server and a way to give it streams that are no sockets. */
function served(): (conn: Conn) => void {
  const sink = toGrpc(echoServer(), grpc.ServerCredentials.createInsecure());
  return (conn) => sink.next(conn);
}

// A client of grpc-js takes no stream of ours: it connects to a port, from which all goes through the pipe.
async function clientThrough(serve: (conn: Conn) => void): Promise<grpc.Client> {
  const port = await stage.listen((socket) => {
    const [near, far] = memoryPipe({ capacityBytes: 100_000 });
    serve(far);
    socket.pipe(flowTo(near)).subscribe({ error: () => undefined });
    near.pipe(flowTo(socket)).subscribe({ error: () => undefined });
  });
  const client = new grpc.Client(`localhost:${port}`, grpc.credentials.createInsecure());
  stage.onDown(() => {
    client.close();
  });
  return client;
}

test('grpc-js serves unary calls, small and large', async () => {
  const client = await clientThrough(served());
  for (const size of [0, 10, 1_000_000]) expect(await say(client, Buffer.alloc(size, 'x'))).toHaveLength(size);
});

test('grpc-js serves a stream of three thousand messages, in order', async () => {
  const client = await clientThrough(served());
  const messages = (await count(client).toArray()) as Buffer[];
  expect(messages).toHaveLength(MESSAGES);
  expect(messages.every((message, i) => message[0] === (i & 255))).toBe(true);
});

test('grpc-js survives streams that end or break at any point, and serves on', async () => {
  const serve = served();
  const hello = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from('000000040000000000', 'hex'),
    Buffer.from('000006010500000001828684410178', 'hex'),
  ]);
  const ends: readonly ((peer: Conn, duplex: Duplex) => void)[] = [
    (peer) => peer.complete(),
    (peer) => peer.error(new Error('gone')),
    (peer) => peer.next(Buffer.alloc(100, 0xff)),
    (_peer, duplex) => duplex.destroy(),
    (_peer, duplex) => duplex.destroy(new Error('why')),
  ];
  for (const end of ends) {
    for (let length = 0; length <= hello.length; length += 3) {
      const [peer, conn] = memoryPipe({ capacityBytes: length % 2 === 0 ? 1 : 65_536 });
      if (length % 4 < 2) peer.subscribe({ error: () => undefined });
      peer.next(hello.subarray(0, length));
      // The end is there before the server is, or comes while it starts.
      if (length === 0) peer.complete();
      serve(conn);
      end(peer, conn.duplex());
      for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
      peer.error(new Error('over'));
    }
  }
  expect(String(await say(await clientThrough(serve), 'still here'))).toBe('still here');
});
