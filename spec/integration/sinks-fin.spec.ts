import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Stage } from '../serve/sink-harness.js';
import { targets, type Target } from './sink-targets.js';

const NAMES = ['toHttp', 'toHttp2', 'toGrpc', 'toTls', 'toWebSocket', 'proxyTo'];

const stage = new Stage();
let all: Record<string, Target>;
beforeAll(async () => (all = await targets()));
afterEach(() => stage.down());

describe.each(NAMES)('a client of %s', (name) => {
  const target = (): Target => all[name] as Target;

  test('whose first flight came in single bytes is served', async () => {
    const client = await stage.client(await stage.serve(await target().sink(stage)));
    for (const byte of target().flight) {
      client.socket.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    await client.received(target().reply);
    expect(client.error).toBeUndefined();
  });

  test('that goes away with FIN alone is let go', async () => {
    const closed: Promise<unknown>[] = [];
    const sink = await target().sink(stage);
    const port = await stage.listen((conn, socket) => {
      closed.push(new Promise((resolve) => socket.once('close', resolve)));
      sink.next(conn);
    });
    const client = await stage.client(port);
    client.socket.write(target().flight);
    await client.received(target().reply);
    client.socket.end();
    await client.ended;
    expect(await Promise.all(closed)).toHaveLength(1);
  });

  test('case 16: whose FIN came with its first flight is not left open', async () => {
    const client = await stage.client(await stage.serve(await target().sink(stage), 'afterFin'));
    client.socket.end(target().flight);
    await client.ended;
    expect(client.socket.readableEnded || client.socket.destroyed).toBe(true);
  });
});

test.each(['toHttp', 'toHttp2', 'proxyTo'])('case 16: %s answers a request whose FIN came with it', async (name) => {
  const target = all[name] as Target;
  const client = await stage.client(await stage.serve(await target.sink(stage), 'afterFin'));
  client.socket.end(target.flight);
  await client.ended;
  expect(client.text).toContain(target.reply);
});
