import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { toWebSocket } from '../../src/serve/to-web-socket.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

function connected(): { readonly client: WebSocket; readonly server: WebSocketServer } {
  const [near, far] = memoryPipe({ capacityBytes: 10_000 });
  const server = new WebSocketServer({ noServer: true });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  toWebSocket(server).next(far);
  const client = new WebSocket('ws://pipe/', { createConnection: () => near.duplex(), perMessageDeflate: false });
  return { client, server };
}

test('a WebSocket echoes small and large messages, and closes with its code', async () => {
  const { client } = connected();
  await once(client, 'open');
  for (const message of [Buffer.from('hello'), Buffer.alloc(300_000, 'x')]) {
    client.send(message);
    const [echo] = (await once(client, 'message')) as [Buffer];
    expect(echo.equals(message)).toBe(true);
  }
  client.close(1000, 'enough');
  expect(await once(client, 'close')).toEqual([1000, Buffer.from('enough')]);
});

test('a client that is terminated ends the WebSocket at the server', async () => {
  const { client, server } = connected();
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  await once(client, 'open');
  const [socket] = await accepted;
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.terminate();
  // RFC 6455 section 7.4.1: closed without a close frame
  expect(await closed).toBe(1006);
});
