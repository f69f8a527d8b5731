import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { firstValueFrom, VirtualTimeScheduler } from 'rxjs';
import type { Conn, ConnClosed } from '../../src/conn/conn.js';
import { dial } from '../../src/net/dial.js';
import { DuplexConn } from '../../src/net/duplex-conn.js';
import { listen } from '../../src/net/listen.js';
import { QuietWatch, type QuietOptions } from '../../src/net/quiet.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback, type Loopback } from './loopback.js';

const pem = await localhostPem();

/** Time that passes when it is told to. */
class Clock extends VirtualTimeScheduler {
  pass(ms: number): void {
    this.maxFrames = this.frame + ms;
    this.flush();
    this.frame = this.maxFrames;
  }
}

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const isOver = (conn: Conn): boolean => conn instanceof DuplexConn && conn.isOver;

/** A watched connection over a stream whose reading and writing are told apart. */
function watched(options: QuietOptions) {
  const clock = new Clock();
  const stream = new PassThrough({ allowHalfOpen: true });
  stream.on('error', () => undefined);
  const counted = Object.assign(stream, { bytesRead: 0, bytesWritten: 0 });
  const conn = new DuplexConn(stream);
  let end: ConnClosed | undefined;
  conn.closed$.subscribe((closed) => (end = closed));
  QuietWatch.of(options, clock)?.watch(conn);
  const closedWith = async (): Promise<string | undefined> => {
    await new Promise((resolve) => setImmediate(resolve));
    return end?.error?.code;
  };
  return { clock, counted, conn, closedWith };
}

describe('a connection that may be quiet for 400 ms', () => {
  it('is closed when it is, and not before', async () => {
    const { clock, closedWith, conn } = watched({ idleTimeoutMs: 400 });
    clock.pass(399);
    expect(await closedWith()).toBeUndefined();
    clock.pass(102);
    expect(conn.isOver).toBe(true);
    expect(await closedWith()).toBe('ERR_MUX_TIMEOUT');
  });

  it.each(['bytesRead', 'bytesWritten'] as const)('lives on while %s grows', async (count) => {
    const { clock, counted, closedWith } = watched({ idleTimeoutMs: 400 });
    for (let i = 0; i < 20; i++) {
      counted[count]++;
      clock.pass(390);
    }
    expect(await closedWith()).toBeUndefined();
    clock.pass(501);
    expect(await closedWith()).toBe('ERR_MUX_TIMEOUT');
  });

  it('lives on while the system takes what was written', async () => {
    const { clock, counted, closedWith } = watched({ idleTimeoutMs: 400 });
    const handle = { writeQueueSize: 10_000 };
    Object.assign(counted, { _handle: handle });
    for (let i = 0; i < 20; i++) {
      handle.writeQueueSize--;
      clock.pass(390);
    }
    expect(await closedWith()).toBeUndefined();
  });

  it('leaves nothing to be done once it has ended', () => {
    const { clock, conn } = watched({ idleTimeoutMs: 400 });
    conn._destroy(undefined, false);
    clock.pass(200);
    expect(clock.actions).toEqual([]);
  });
});

describe('a connection of which one side has ended', () => {
  it('may be quiet only for its own time, from then on', async () => {
    const { clock, conn, closedWith } = watched({ idleTimeoutMs: 10_000, halfCloseTimeoutMs: 400 });
    clock.pass(9000);
    expect(await closedWith()).toBeUndefined();
    conn.complete();
    await new Promise((resolve) => setImmediate(resolve));
    Reflect.defineProperty(conn, 'isHalfClosed', { value: true });
    clock.pass(399);
    expect(await closedWith()).toBeUndefined();
    clock.pass(300);
    expect(await closedWith()).toBe('ERR_MUX_TIMEOUT');
  });

  it('is not looked at where nothing says so', () => {
    expect(QuietWatch.of({})).toBeUndefined();
    expect(QuietWatch.of({ keepAliveMs: 1000 })).toBeUndefined();
  });
});

describe('over sockets', () => {
  async function silentServer(): Promise<{ port: number; accepted: Socket[]; server: Server }> {
    const accepted: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).resume();
      accepted.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      close: () => {
        server.close();
        for (const socket of accepted) socket.destroy();
      },
    });
    const address = server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : 0, accepted, server };
  }
  const bedOf = async (...args: Parameters<typeof loopback>): Promise<Loopback> => {
    const bed = await loopback(...args);
    open.push(bed);
    return bed;
  };
  const errorOf = async (conn: Conn): Promise<string | undefined> => (await firstValueFrom(conn.closed$)).error?.code;

  it('listen closes a silent client, and keeps one that speaks', async () => {
    const clock = new Clock();
    const bed = await bedOf((conns$) => conns$.subscribe((conn) => conn.subscribe({ error: () => undefined })), {
      idleTimeoutMs: 60_000,
      scheduler: clock,
    });
    const client = await bed.connect();
    client.resume();
    const arrived = bed.conns[0] ?? (await firstValueFrom(bed.conns$));
    client.write('x');
    while (arrived.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.pass(59_000);
    expect(isOver(arrived)).toBe(false);
    const closed = errorOf(arrived);
    clock.pass(3000);
    expect(await closed).toBe('ERR_MUX_TIMEOUT');
  });

  it('listen closes a silent client inside TLS', async () => {
    const clock = new Clock();
    const bed = await bedOf((conns$) => conns$.subscribe((conn) => conn.subscribe({ error: () => undefined })), {
      idleTimeoutMs: 4000,
      tls: pem,
      scheduler: clock,
    });
    const client = connectTls({ port: bed.port, host: '127.0.0.1', rejectUnauthorized: false });
    client.on('error', () => undefined).resume();
    open.push({ close: () => client.destroy() });
    const conn = await firstValueFrom(bed.conns$);
    client.write('hello');
    while (conn.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.pass(3000);
    client.write('again');
    const before = conn.bytesRead;
    while (conn.bytesRead === before) await new Promise((resolve) => setImmediate(resolve));
    clock.pass(3000);
    expect(isOver(conn)).toBe(false);
    const closed = errorOf(conn);
    clock.pass(3000);
    expect(await closed).toBe('ERR_MUX_TIMEOUT');
  });

  it('listen closes a client that has ended and that nothing is sent to', async () => {
    const clock = new Clock();
    const bed = await bedOf((conns$) => conns$.subscribe((conn) => conn.subscribe({ error: () => undefined })), {
      halfCloseTimeoutMs: 1000,
      scheduler: clock,
    });
    const [stays, ends] = [await bed.connect(), await bed.connect()];
    stays.resume();
    ends.resume();
    while (bed.conns.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const [staying, ending] = bed.conns;
    if (!(staying instanceof DuplexConn && ending instanceof DuplexConn)) throw new Error('two sockets were expected');
    ends.end();
    while (!ending.isHalfClosed) await new Promise((resolve) => setImmediate(resolve));
    const closed = errorOf(ending);
    clock.pass(2000);
    expect(await closed).toBe('ERR_MUX_TIMEOUT');
    expect(staying.isOver).toBe(false);
  });

  it('dial closes a silent server', async () => {
    const clock = new Clock();
    const { port } = await silentServer();
    const conn = await firstValueFrom(dial({ port, host: '127.0.0.1', idleTimeoutMs: 4000, scheduler: clock }));
    const closed = errorOf(conn);
    clock.pass(5000);
    expect(await closed).toBe('ERR_MUX_TIMEOUT');
  });

  it.each<[string, QuietOptions, boolean]>([
    ['an idle pair', { idleTimeoutMs: 4000 }, false],
    ['a pair of which the client has ended', { halfCloseTimeoutMs: 4000 }, true],
  ])('proxyTo ends %s on both sides', async (_, quiet, ends) => {
    const clock = new Clock();
    const { port, accepted, server } = await silentServer();
    const bed = await bedOf((conns$) =>
      conns$.subscribe(proxyTo({ port, host: '127.0.0.1', ...quiet, scheduler: clock })),
    );
    const backend = once(server, 'connection');
    const client = await bed.connect();
    client.on('error', () => undefined).resume();
    await backend;
    const [socket] = accepted as [Socket];
    if (ends) {
      client.end('x');
      await once(socket, 'end');
    } else {
      client.write('x');
      while (socket.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // By a reset: nobody may take a cut for an end.
    const gone = Promise.all([client, socket].map((end) => new Promise((resolve) => end.once('close', resolve))));
    clock.pass(3000);
    expect([client.destroyed, socket.destroyed]).toEqual([false, false]);
    clock.pass(3000);
    // Nothing follows a FIN on the wire: it takes a write to find that nobody is there.
    if (ends) socket.write('late');
    await gone;
  });
});

describe('keepAliveMs', () => {
  it.each([0, 999, 1000.5, 2 ** 31])('is refused as %d', (keepAliveMs) => {
    const usage = expect.objectContaining({ code: 'ERR_MUX_OPTION' });
    expect(() => listen({ port: 0, keepAliveMs })).toThrow(usage);
    expect(() => dial({ port: 1, keepAliveMs })).toThrow(usage);
    expect(() => proxyTo({ port: 1, keepAliveMs })).toThrow(usage);
  });
});
