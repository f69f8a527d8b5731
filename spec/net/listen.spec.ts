import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, lastValueFrom, toArray, type Subscription } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { flowTo } from '../../src/flow/flow-to.js';
import { AcceptErrors, type AcceptFailure } from '../../src/net/accept-errors.js';
import { dial } from '../../src/net/dial.js';
import { listen, type ListenAddress, type ListenOptions } from '../../src/net/listen.js';
import { loopback, readAll, type Loopback } from './loopback.js';

const subscriptions: Subscription[] = [];
const servers: (Server | Loopback)[] = [];
const folder = mkdtempSync(join(tmpdir(), 'rxmux-'));
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
  for (const server of servers.splice(0)) server.close();
  rmSync(join(folder, 'socket'), { force: true });
});

/** Listens with an echo on every connection. */
async function echo(options: ListenOptions): Promise<ListenAddress> {
  const listener = listen(options);
  subscriptions.push(listener.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe()));
  return firstValueFrom(listener.address$);
}

async function ask(address: Parameters<typeof dial>[0], text: string): Promise<string> {
  const conn = await firstValueFrom(dial(address));
  const reply = lastValueFrom(conn.pipe(toArray()));
  conn.next(Buffer.from(text));
  conn.complete();
  return Buffer.concat(await reply).toString();
}

const failure = (options: ListenOptions): Promise<unknown> =>
  lastValueFrom(listen(options)).catch((error: unknown) => error);

describe('listen', () => {
  it('binds a free port when subscribed to, tells it, and closes it when unsubscribed from', async () => {
    const listener = listen({ port: 0, host: '127.0.0.1' });
    const subscription = listener.subscribe();
    const { port } = (await firstValueFrom(listener.address$)) as AddressInfo;
    expect(port).toBeGreaterThan(0);
    subscription.unsubscribe();
    expect(await once(connect(port, '127.0.0.1'), 'connect').catch((error: unknown) => error)).toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('case 65: serves IPv4, IPv6 and a Unix socket', async () => {
    const four = (await echo({ port: 0, host: '127.0.0.1' })) as AddressInfo;
    const six = (await echo({ port: 0, host: '::1', ipv6Only: true })) as AddressInfo;
    const path = join(folder, 'socket');
    expect(await echo({ path })).toEqual({ path });
    expect(await ask({ port: four.port, host: '127.0.0.1' }, 'v4')).toBe('v4');
    expect(await ask({ port: six.port, host: '::1' }, 'v6')).toBe('v6');
    expect(await ask({ path }, 'unix')).toBe('unix');
  });

  it('leaves the connections it emitted open when it closes the port', async () => {
    const server = await loopback((conns$) => conns$.subscribe());
    servers.push(server);
    const accepted = firstValueFrom(server.conns$);
    const client = await server.connect();
    const conn = await accepted;
    const reply = readAll(client);
    conn.complete();
    expect((await reply).toString()).toBe('');
    client.end('late');
    expect(Buffer.concat(await lastValueFrom(conn.pipe(toArray()))).toString()).toBe('late');
  });

  it('case 65: answers a client that has sent its FIN, unless allowHalfOpen is off', async () => {
    const late = async (allowHalfOpen: boolean): Promise<string> => {
      const server = await loopback(
        (conns$) =>
          conns$.subscribe((conn) => {
            conn.subscribe({
              complete: () => {
                setImmediate(() => {
                  conn.next(Buffer.from('reply'));
                  conn.complete();
                });
              },
            });
          }),
        { allowHalfOpen },
      );
      servers.push(server);
      const client = await server.connect();
      client.end('question');
      return (await readAll(client)).toString();
    };
    expect(await late(true)).toBe('reply');
    expect(await late(false)).toBe('');
  });

  it('says in one line that a port is taken, and how to mend it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    servers.push(other);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error = await failure({ port, host: '127.0.0.1' });
    expect(error).toMatchObject({ code: 'ERR_MUX_ADDRESS_IN_USE', scope: 'listener' });
    expect((error as Error).message).toBe(
      `[ERR_MUX_ADDRESS_IN_USE] 127.0.0.1:${port} is taken: stop what listens there or choose another port`,
    );
  });

  it('says what is wrong with an address that can not be bound', async () => {
    expect(await failure({ port: 0, host: '192.0.2.1' })).toMatchObject({
      code: 'ERR_MUX_LISTEN',
      message: "[ERR_MUX_LISTEN] can't listen on 192.0.2.1:0: give a name or an address of this machine",
    });
  });

  it('refuses options that can not be meant, and bad TLS files', () => {
    for (const options of [
      {},
      { port: 1, path: '/x' },
      { port: -1 },
      { port: 1.5 },
      { port: 0, host: '' },
      { port: 0, backlog: -1 },
      { port: 0, sendBufferBytes: -1 },
      { port: 0, maxConnections: 0 },
      { port: 0, maxPerIp: -1 },
    ]) {
      expect(() => listen(options)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    }
    expect(() => listen({ port: 0, tls: { cert: 'no', key: 'no' } })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_TLS_FILES' }),
    );
  });

  it('turns away connections past maxPerIp and maxConnections, tells it, and takes new ones once there is room', async () => {
    for (const limit of [{ maxPerIp: 2 }, { maxConnections: 2 }]) {
      const listener = listen({ port: 0, host: '127.0.0.1', ...limit });
      const failures: AcceptFailure[] = [];
      listener.errors$.subscribe((f) => failures.push(f));
      subscriptions.push(listener.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe()));
      const { port } = (await firstValueFrom(listener.address$)) as AddressInfo;
      const [first, second] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
      for (const socket of [first, second]) {
        socket.write('x');
        await once(socket, 'data');
      }
      const third = connect(port, '127.0.0.1');
      await once(
        third.on('error', () => undefined),
        'close',
      );
      expect(failures.map((f) => f.error.code)).toEqual(['ERR_MUX_ACCEPT']);
      first.end();
      await once(first.resume(), 'close');
      expect(await ask({ port, host: '127.0.0.1' }, 'room')).toBe('room');
      second.destroy();
    }
  });
});

describe('accept errors', () => {
  it('are told with pauses of 5 ms doubled up to 1 s, the ones between counted, and start over after a quiet second', () => {
    const told: [number, number, number][] = [];
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(() => {
      const errors = new AcceptErrors(scheduler);
      errors.errors$.subscribe((f) => told.push([scheduler.now(), f.quietMs, f.unreported]));
      for (let ms = 0; ms < 4000; ms++)
        scheduler.schedule(() => {
          errors.add('EMFILE');
        }, ms);
      scheduler.schedule(() => {
        errors.add('EMFILE');
      }, 9000);
    });
    expect(told.slice(0, 5)).toEqual([
      [0, 5, 0],
      [5, 10, 4],
      [15, 20, 9],
      [35, 40, 19],
      [75, 80, 39],
    ]);
    expect(told.at(-2)).toEqual([3275, 1000, 999]);
    expect(told.at(-1)).toEqual([9000, 5, 724]);
  });
});

describe('dial', () => {
  it('is cold: connects at each subscription, and completes after its one Conn', async () => {
    const { port } = (await echo({ port: 0, host: '127.0.0.1' })) as AddressInfo;
    const dialed = dial({ port, host: '127.0.0.1' });
    const conns = [...(await lastValueFrom(dialed.pipe(toArray()))), ...(await lastValueFrom(dialed.pipe(toArray())))];
    expect(conns).toHaveLength(2);
    for (const conn of conns) conn.error(new Error('done'));
  });

  it('errors with ERR_MUX_CONNECT when nobody listens', async () => {
    const { port } = (await echo({ port: 0, host: '127.0.0.1' })) as AddressInfo;
    subscriptions.pop()?.unsubscribe();
    expect(await lastValueFrom(dial({ port, host: '127.0.0.1' })).catch((e: unknown) => e)).toMatchObject({
      code: 'ERR_MUX_CONNECT',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it('gives up the attempt when unsubscribed from', async () => {
    const server = await loopback();
    servers.push(server);
    let emitted = false;
    dial({ port: server.port, host: '127.0.0.1' })
      .subscribe(() => (emitted = true))
      .unsubscribe();
    await server.connect();
    expect(emitted).toBe(false);
  });

  it('refuses to guess where to', () => {
    for (const options of [{}, { port: 1, sendBufferBytes: 1.5 }])
      expect(() => dial(options)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});
