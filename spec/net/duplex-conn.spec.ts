import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { ssh } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { loopback, readAll, type Loopback } from './loopback.js';

const servers: Loopback[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function pair(): Promise<readonly [Awaited<ReturnType<Loopback['connect']>>, Conn]> {
  const server = await loopback();
  servers.push(server);
  const accepted = firstValueFrom(server.conns$);
  const client = await server.connect();
  return [client, await accepted];
}

const text = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString();

// A reader for whom an end by reset is fine.
const tolerant = { error: () => undefined };

describe('a Conn over a socket', () => {
  it('is an Observable of what comes in, which completes at the FIN', async () => {
    const [client, conn] = await pair();
    const inbound = lastValueFrom(conn.pipe(toArray()));
    client.write('hello ');
    client.end('world');
    expect(text(await inbound)).toBe('hello world');
  });

  it('is an Observer of what goes out, and half-closes at complete', async () => {
    const [client, conn] = await pair();
    of(Buffer.from('one '), Buffer.from('two')).subscribe(conn);
    expect((await readAll(client)).toString()).toBe('one two');
    const inbound = lastValueFrom(conn.pipe(toArray()));
    client.end('still open');
    expect(text(await inbound)).toBe('still open');
  });

  it('errors its reader with ERR_MUX_RESET when the peer resets, and tells closed$', async () => {
    const [client, conn] = await pair();
    const failed = lastValueFrom(conn.pipe(toArray())).catch((error: unknown) => error);
    const closed = firstValueFrom(conn.closed$);
    client.resetAndDestroy();
    expect(await failed).toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });
    expect((await closed).error?.code).toBe('ERR_MUX_RESET');
    expect((await firstValueFrom(conn.closed$)).error?.code).toBe('ERR_MUX_RESET');
  });

  it('resets the peer at error, and ends its own reader with that reason', async () => {
    const [client, conn] = await pair();
    const failed = lastValueFrom(conn.pipe(toArray())).catch((error: unknown) => error);
    const reset = once(client, 'error');
    conn.error(new Error('enough'));
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(await failed).toMatchObject({ code: 'ERR_MUX_ABORT', message: expect.stringContaining('enough') });
  });

  it('emits an empty closed$ once both sides completed', async () => {
    const [client, conn] = await pair();
    const closed = firstValueFrom(conn.closed$);
    conn.subscribe(tolerant);
    client.end();
    client.resume();
    conn.complete();
    expect(await closed).toEqual({});
  });

  it('refuses a second reader with an error notification, and the duplex with a throw', async () => {
    const [, conn] = await pair();
    conn.subscribe(tolerant);
    expect(await lastValueFrom(conn).catch((error: unknown) => error)).toMatchObject({
      code: 'ERR_MUX_SECOND_SUBSCRIBE',
    });
    expect(() => conn.duplex()).toThrow(expect.objectContaining({ code: 'ERR_MUX_SECOND_SUBSCRIBE' }));
  });

  it('holds the peer back until somebody reads, and loses nothing', async () => {
    const [client, conn] = await pair();
    const sent = Buffer.alloc(64_000_000, 'x');
    client.write(sent);
    client.end();
    // Without a reader only what the system and one stream buffer hold can be taken.
    expect(client.writableLength).toBeGreaterThan(0);
    const inbound = await lastValueFrom(conn.pipe(toArray()));
    expect(text(inbound)).toHaveLength(sent.length);
  });

  it('ends in ERR_MUX_OVERFLOW when more is written than may wait', async () => {
    const server = await loopback(undefined, { sendBufferBytes: 100_000 });
    servers.push(server);
    const accepted = firstValueFrom(server.conns$);
    const client = await server.connect();
    client.pause();
    const conn = await accepted;
    const closed = firstValueFrom(conn.closed$);
    for (let i = 0; i < 1000; i++) conn.next(Buffer.alloc(65_536));
    expect((await closed).error).toMatchObject({ code: 'ERR_MUX_OVERFLOW' });
  });

  it('drops what comes after its reader left, and is destroyed once the outbound side completed', async () => {
    const [client, conn] = await pair();
    const reading = conn.subscribe();
    const closed = firstValueFrom(conn.closed$);
    reading.unsubscribe();
    client.write('nobody reads this');
    conn.complete();
    expect(await closed).toEqual({});
  });

  it('is an async iterable and a pair of Web Streams, pulled one chunk at a time', async () => {
    const [client, conn] = await pair();
    client.end('pulled');
    const chunks: Uint8Array[] = [];
    for await (const chunk of conn) chunks.push(chunk);
    expect(text(chunks)).toBe('pulled');

    const [other, second] = await pair();
    other.end('echo me');
    await second.readable.pipeTo(second.writable);
    expect((await readAll(other)).toString()).toBe('echo me');
  });

  it('stops reading when the loop is left early', async () => {
    const [client, conn] = await pair();
    client.write('first');
    for await (const chunk of conn) {
      expect(text([chunk])).toBe('first');
      break;
    }
    client.end('more');
    conn.complete();
    expect(await firstValueFrom(conn.closed$)).toEqual({});
  });

  it('hands over the very socket, with no listener of its own on it', async () => {
    const [client, conn] = await pair();
    const socket = conn.duplex();
    expect(
      ['error', 'close', 'data', 'readable', 'end'].map((event) => [event, socket.listeners(event).map((f) => f.name)]),
    ).toEqual([
      ['error', []],
      ['close', []],
      ['data', []],
      ['readable', []],
      ['end', ['onReadableStreamEnd']],
    ]);
    socket.pipe(socket);
    client.end('raw');
    expect((await readAll(client)).toString()).toBe('raw');
  });

  it('knows its addresses and counts its bytes', async () => {
    const [client, conn] = await pair();
    expect([conn.remoteAddress, conn.remotePort, conn.encrypted]).toEqual(['127.0.0.1', client.localPort, false]);
    expect([conn.localAddress, conn.localPort]).toEqual(['127.0.0.1', servers[0]?.port]);
    const inbound = lastValueFrom(conn.pipe(toArray()));
    client.end('12345');
    await inbound;
    conn.next(Buffer.from('123'));
    const reply = readAll(client);
    conn.complete();
    await reply;
    expect([conn.bytesRead, conn.bytesWritten]).toEqual([5, 3]);
  });
});

describe('a Conn that is looked at', () => {
  it('refuses a second look at the same time, and a look beside a reader', async () => {
    const [, conn] = await pair();
    const codes: (string | undefined)[] = [];
    const look = () => conn._peek({ bytes: () => undefined, closed: (error) => codes.push(error?.code) });
    const first = look();
    look();
    await new Promise(setImmediate);
    first.drop();
    conn.subscribe(tolerant);
    look();
    await new Promise(setImmediate);
    expect(codes).toEqual(['ERR_MUX_SECOND_SUBSCRIBE', 'ERR_MUX_SECOND_SUBSCRIBE']);
  });

  it('reads a socket that was paused as it connected', async () => {
    const found = new Promise<string>((resolve) => {
      const paused = createServer({ pauseOnConnect: true }, (socket) => {
        of(fromDuplex(socket))
          .pipe(sniff(ssh()))
          .subscribe((conn) => {
            resolve(conn.protocol);
            conn.error(new Error('done'));
            paused.close();
          });
      }).listen(0, '127.0.0.1', () => {
        const client = connect((paused.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
        client.write('SSH-2.0-x\r\n');
      });
    });
    expect(await found).toBe('ssh');
  });

  it('tells any number of subscribers of closed$ by one listener', async () => {
    const [client, conn] = await pair();
    conn.subscribe(tolerant);
    const closed = Array.from({ length: 20 }, () => firstValueFrom(conn.closed$));
    client.end();
    client.resume();
    conn.complete();
    expect(await Promise.all(closed)).toEqual(closed.map(() => ({})));
  });
});

describe('sending with a call back', () => {
  function slow(): { conn: Conn; duplex: Duplex; leave: (error?: Error) => void } {
    let done: (error?: Error) => void = () => undefined;
    const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, written) => (done = written) });
    return { conn: fromDuplex(duplex), duplex, leave: (error) => done(error) };
  }

  it('calls back once the bytes have left', async () => {
    const { conn, leave } = slow();
    const sent = new Promise<string>((resolve) => conn._write(Buffer.from('?'), () => resolve('sent')));
    expect(await Promise.race([sent, turn('waits')])).toBe('waits');
    leave();
    expect(await sent).toBe('sent');
  });

  it('calls back with an error for bytes that could not leave', async () => {
    const { conn, duplex, leave } = slow();
    const told: unknown[] = [];
    conn._write(Buffer.from('?'), (error) => told.push(error));
    const gone = new Error('gone');
    leave(gone);
    await new Promise((resolve) => duplex.once('close', resolve));
    conn._write(Buffer.from('?'), (error) => told.push(error));
    expect(told).toEqual([gone, expect.objectContaining({ code: 'ERR_MUX_CLOSED' })]);
  });
});

describe('fromDuplex', () => {
  it('makes a Conn of any byte stream', async () => {
    const stream = new PassThrough();
    const conn = fromDuplex(stream);
    conn.next(Buffer.from('round'));
    conn.complete();
    expect(text(await lastValueFrom(conn.pipe(toArray())))).toBe('round');
  });

  it('refuses a stream of objects or text', () => {
    const text = new PassThrough();
    text.setEncoding('utf8');
    for (const stream of [new PassThrough({ objectMode: true }), text]) {
      expect(() => fromDuplex(stream)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    }
  });
});
