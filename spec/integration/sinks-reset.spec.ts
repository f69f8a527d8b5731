import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Socket } from 'node:net';
import { Stage } from '../serve/sink-harness.js';
import { targets, type Target } from './sink-targets.js';

const stage = new Stage();
let all: Record<string, Target>;
beforeAll(async () => (all = await targets()));
afterEach(() => stage.down());

/** Connects, sends so much of the first flight, resets, and waits until that has come through on our side. */
async function resetAfter(target: Target, bytes: number, onReply: boolean): Promise<Socket> {
  const sockets: Socket[] = [];
  const sink = await target.sink(stage);
  const port = await stage.listen((conn, socket) => {
    sockets.push(socket);
    sink.next(conn);
  });
  const client = await stage.client(port);
  client.socket.write(target.flight.subarray(0, bytes));
  while ((sockets[0]?.bytesRead ?? -1) < bytes) await new Promise(setImmediate);
  if (onReply) await client.received(target.reply);
  const [socket] = sockets as [Socket];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.socket.resetAndDestroy();
  await closed;
  const next = await stage.client(port);
  next.socket.write(target.flight);
  await next.received(target.reply);
  return socket;
}

// A reset that nobody listens for is an uncaught exception, which fails the test it happens in.
describe.each(['toHttp', 'toHttp2', 'toGrpc', 'toTls', 'toWebSocket', 'proxyTo'])(
  'case 14: %s survives a reset',
  (name) => {
    const target = (): Target => all[name] as Target;

    test('before the first byte, and serves the next client', async () => {
      expect((await resetAfter(target(), 0, false)).destroyed).toBe(true);
    });

    test('within the first flight, and serves the next client', async () => {
      expect((await resetAfter(target(), target().flight.length >> 1, false)).destroyed).toBe(true);
    });

    test('right after the first flight, and serves the next client', async () => {
      expect((await resetAfter(target(), target().flight.length, false)).destroyed).toBe(true);
    });

    test('once the server has answered, and serves the next client', async () => {
      expect((await resetAfter(target(), target().flight.length, true)).destroyed).toBe(true);
    });
  },
);
