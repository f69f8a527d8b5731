import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/yamux.js';

const server = createServer({ allowHalfOpen: true });
const sockets: Socket[] = [];
const port = (): number => (server.address() as AddressInfo).port;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => {
  server.close();
});

async function pair(): Promise<readonly [client: Socket, accepted: Socket]> {
  const client = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  sockets.push(client.on('error', () => undefined));
  return [client, accepted];
}

/** How a write to a socket fails whose connection has ended already. An empty one fails only if it was reset. */
async function reset(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.write(new Uint8Array(0), (error: NodeJS.ErrnoException | null | undefined) => resolve(error?.code));
  });
}

const moments: Readonly<Record<string, (act: () => void) => unknown>> = {
  'in the same call': (act) => {
    act();
  },
  'in a microtask': queueMicrotask,
  'in the next tick': (act) => process.nextTick(act),
  'in the next turn': setImmediate,
};

describe('a Conn over TCP that errors behind its complete', () => {
  test.each(Object.keys(moments))('%s resets the connection, and its socket is closed', async (moment) => {
    const [client, accepted] = await pair();
    const closed = once(accepted, 'close');
    const conn = fromDuplex(accepted);
    conn.next(Buffer.alloc(100));
    conn.complete();
    moments[moment]?.(() => conn.error(new Error('enough')));
    expect((await firstValueFrom(conn.closed$)).error?.code).toBe('ERR_MUX_ABORT');
    await closed;
    expect(await reset(client)).toMatch(/ECONNRESET|EPIPE/);
  });

  test('resets at once where the peer takes nothing of what is in front of the FIN', async () => {
    const [client, accepted] = await pair();
    const closed = once(accepted, 'close');
    const conn = fromDuplex(accepted, { sendBufferBytes: 64 << 20 });
    conn.next(Buffer.alloc(32 << 20));
    await turn();
    conn.complete();
    conn.error(new Error('enough'));
    expect((await firstValueFrom(conn.closed$)).error?.code).toBe('ERR_MUX_ABORT');
    await closed;
    expect(await reset(client)).toMatch(/ECONNRESET|EPIPE/);
  });
});

test('a session that is cut in the tick in which it ended leaves no socket', async () => {
  const [client, accepted] = await pair();
  const closed = once(accepted, 'close');
  const mux = session(fromDuplex(accepted), { codec: yamux(), role: 'server' });
  mux.goAway();
  mux.conn.error(new Error('cut'));
  await closed;
  expect(await reset(client)).toMatch(/ECONNRESET|EPIPE/);
});
