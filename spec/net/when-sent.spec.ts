import { afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { firstValueFrom } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { WriteDone } from '../../src/conn/lent.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { whenSent } from '../../src/net/when-sent.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { localhostPem } from '../serve/sink-harness.js';

/** A connection of which a test says when bytes leave. */
class Sending {
  _sendProgress = 0;
  done: WriteDone = () => undefined;
  _write(_chunk: Uint8Array, done: WriteDone = this.done): boolean {
    this.done = done;
    return true;
  }
}

/** The milliseconds at which it calls back, where bytes leave at some and the last one at another. */
function timesOf(leaveMs: readonly number[], doneMs?: number): number[] {
  const scheduler = new TestScheduler(() => undefined);
  const times: number[] = [];
  scheduler.run(() => {
    const conn = new Sending();
    for (const ms of leaveMs) scheduler.schedule(() => conn._sendProgress++, ms);
    if (doneMs !== undefined) scheduler.schedule(() => conn.done(), doneMs);
    whenSent(conn, () => times.push(scheduler.now()), scheduler);
  });
  return times;
}

describe('whenSent calls back', () => {
  it.each<readonly [string, readonly number[], number | undefined, number]>([
    ['when the last byte has left', [], 3, 3],
    ['after 5 s in which nothing left', [], undefined, 5000],
    ['after 5 s in which nothing left, and not a second time', [], 6000, 5000],
    ['later while bytes leave', [4000, 9000, 14_000], undefined, 20_000],
    ['when the last byte has left, however long that took', [4000, 9000, 14_000], 15_001, 15_001],
  ])('%s', (_name, leaveMs, doneMs, expected) => {
    expect(timesOf(leaveMs, doneMs)).toEqual([expected]);
  });
});

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const MIB = 1 << 20;
const UNIX = join(tmpdir(), `rxmux-when-sent-${process.pid}.sock`);
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** How to make a pair of sockets, and how many bytes a reset may take that the system of the sender holds. */
const SOCKETS: readonly (readonly [string, () => Server, (server: Server) => Socket, number])[] = [
  ['TCP', createServer, (server) => connect(portOf(server), '127.0.0.1'), 8 * MIB],
  [
    'TLS',
    () => createTlsServer(pem),
    (server) => connectTls({ port: portOf(server), host: '127.0.0.1', ca: pem.cert, servername: 'localhost' }),
    0,
  ],
  ['a Unix socket', createServer, () => connect(UNIX), 0],
];

test.each(SOCKETS)(
  'a flow to %s sends what it was given before it passes the error of its source on',
  async (name, serve, dialTo, lossBytes) => {
    const server = serve();
    if (name === 'a Unix socket') server.listen(UNIX);
    else server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, name === 'TLS' ? 'secureConnection' : 'connection') as Promise<[Socket]>;
    const near = dialTo(server).on('error', () => undefined);
    await once(near, name === 'TLS' ? 'secureConnect' : 'connect');
    const [far] = await accepted;
    far.on('error', () => undefined).pause();
    downs.push(
      () => near.destroy(),
      () => far.destroy(),
      () => server.close(),
    );

    const to = fromDuplex(near);
    const [client, source] = memoryPipe({ capacityBytes: 32 * MIB });
    client.next(Buffer.alloc(24 * MIB));
    source.pipe(flowTo(to)).subscribe();
    await new Promise(setImmediate);
    client.error(new Error('the client is gone'));
    await new Promise(setImmediate);
    let bytes = 0;
    far.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    await once(far, 'close');
    expect(bytes).toBeGreaterThanOrEqual(24 * MIB - lossBytes);
    expect((await firstValueFrom(to.closed$)).error?.code).toBe('ERR_MUX_RESET');
  },
);
