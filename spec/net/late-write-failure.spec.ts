import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { localhostPem } from '../serve/sink-harness.js';
import { log } from '../session/raw-peer.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

/** A client and the server's end of its connection, of which nothing is read. */
async function joined(isTls: boolean): Promise<{ readonly client: Conn; readonly server: Socket }> {
  const listener = isTls ? tls.createServer(pem) : createServer();
  const accepted = once(listener, isTls ? 'secureConnection' : 'connection') as Promise<[Socket]>;
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = isTls ? tls.connect({ port, ca: pem.cert, servername: 'localhost' }) : connect(port, '127.0.0.1');
  await once(socket, isTls ? 'secureConnect' : 'connect');
  const [server] = await accepted;
  server.on('error', () => undefined).pause();
  listener.close();
  downs.push(
    () => server.destroy(),
    () => socket.destroy(),
  );
  return { client: fromDuplex(socket), server };
}

describe.each([
  ['TCP', false],
  ['TLS', true],
])('a write over %s that fails, since the peer has said why and left with bytes unread', (_name, isTls) => {
  it('does not lose what the peer said', async () => {
    const { client, server } = await joined(isTls);
    const seen = log(client);
    // Read by nobody: this is what makes the peer's system reset the connection.
    client.next(new Uint8Array(1000));
    await new Promise(setImmediate);
    await new Promise((resolve) => server.write('this is why', resolve));
    const gone = once(server, 'close');
    server.destroy();
    // In this very turn, before the client can read.
    for (let n = 0; n < 3; n++) client.next(Buffer.from('more'));
    await gone;
    const { error } = await firstValueFrom(client.closed$);
    expect(error?.code).toBe('ERR_MUX_RESET');
    // Over TLS too: the reset behind close_notify says that the peer has not taken what we wrote.
    expect(seen).toEqual(['this is why', 'ERR_MUX_RESET']);
  });

  it('ends a connection that nobody reads', async () => {
    const { client, server } = await joined(isTls);
    client._read({ next: () => undefined, complete: () => undefined, error: () => undefined });
    client.next(new Uint8Array(1000));
    await new Promise(setImmediate);
    const gone = once(server, 'close');
    server.destroy();
    client.next(Buffer.from('more'));
    await gone;
    expect((await firstValueFrom(client.closed$)).error?.code).toBe('ERR_MUX_RESET');
  });
});
