import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { firstValueFrom, lastValueFrom, of, Subject, tap, toArray } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { dial } from '../../src/net/dial.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { listen } from '../../src/net/listen.js';
import { terminateTls, type TerminateTlsOptions, type TlsRejection } from '../../src/net/terminate-tls.js';
import { http1, http2, ssh, tls } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback, readAll, type Loopback } from './loopback.js';

let pem: { readonly cert: string; readonly key: string };
beforeAll(async () => {
  pem = await localhostPem();
});

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A port that sniffs TLS, terminates it, sniffs what is inside and lists it. */
async function secureServer(options: Partial<TerminateTlsOptions> = {}) {
  const inside$ = new Subject<Conn>();
  const rejections: TlsRejection[] = [];
  const rejected$ = new Subject<TlsRejection>();
  const decided$ = new Subject<unknown>();
  rejected$.subscribe((rejection) => rejections.push(rejection));
  const server: Loopback = await loopback((conns$) =>
    conns$
      .pipe(
        sniff(tls(), { decided: decided$ }),
        terminateTls({ ...pem, ALPNProtocols: ['h2', 'http/1.1'], rejected: rejected$, ...options }),
        sniff(http1(), http2(), ssh()),
      )
      .subscribe(inside$),
  );
  open.push(server);
  const secure = async (clientOptions: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...clientOptions });
    open.push({ close: () => socket.destroy() });
    await once(socket, 'secureConnect');
    return socket;
  };
  return { server, inside$, rejections, rejected$, decided$, secure };
}

describe('terminateTls', () => {
  it('case 48: emits what is inside, ready to be sniffed, with SNI, ALPN and the addresses of the client', async () => {
    const { secure, inside$ } = await secureServer();
    for (const [first, protocol] of [
      ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'http1'],
      ['SSH-2.0-x\r\n', 'ssh'],
    ] as const) {
      const found = firstValueFrom(inside$);
      const client = await secure({ servername: 'Some.Example', ALPNProtocols: ['http/1.1'] });
      client.write(first);
      const conn = await found;
      expect(conn.protocol).toBe(protocol);
      expect(conn.meta.tls).toMatchObject({ serverName: 'some.example', alpn: 'http/1.1', version: 'TLSv1.3' });
      expect([conn.remoteAddress, conn.remotePort, conn.encrypted]).toEqual(['127.0.0.1', client.localPort, true]);
      expect([conn.localAddress, conn.localPort]).toEqual(['127.0.0.1', client.remotePort]);
      const reading = lastValueFrom(conn.pipe(toArray()));
      client.end();
      expect(Buffer.concat(await reading).toString()).toBe(first);
      conn.complete();
    }
  });

  it('echoes a megabyte and half-closes in both directions', async () => {
    const { secure, inside$ } = await secureServer();
    inside$.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe());
    const client = await secure();
    const body = Buffer.concat([Buffer.from('SSH-2.0-'), Buffer.alloc(1_000_000, 7)]);
    const reply = readAll(client);
    client.end(body);
    expect((await reply).equals(body)).toBe(true);
  });

  it('case 49: closes the socket of a handshake that stalls, at its deadline, and tells it', async () => {
    const { server, rejected$ } = await secureServer({ handshakeTimeout: 50 });
    const told = firstValueFrom(rejected$);
    const client = await server.connect();
    // A ClientHello that says it goes on, and does not.
    client.write(Buffer.from('1603010200010001fc0303', 'hex'));
    const closed = once(client.resume(), 'close');
    client.on('end', () => client.end());
    expect((await told).error).toMatchObject({ code: 'ERR_MUX_TLS' });
    await closed;
  });

  it('case 49: closes and tells a connection that goes on in the clear after its first bytes', async () => {
    const { server, rejected$ } = await secureServer();
    const told = firstValueFrom(rejected$);
    const client = await server.connect();
    client.write(Buffer.concat([Buffer.from('160301000401', 'hex'), Buffer.from('plain text instead of a hello')]));
    client.on('error', () => undefined).resume();
    expect((await told).error.code).toBe('ERR_MUX_TLS');
  });

  it('ends the oldest handshake past maxHandshakes, tells it, and takes the newcomer', async () => {
    const { server, rejections, rejected$, decided$, secure } = await secureServer({ maxHandshakes: 2 });
    const stalled: Socket[] = [];
    const begun = async (): Promise<void> => {
      const client = await server.connect();
      const handshaking = firstValueFrom(decided$);
      client.write(Buffer.from('1603010200010001fc0303', 'hex'));
      await handshaking;
      stalled.push(client.on('error', () => undefined).resume());
    };
    await begun();
    await begun();
    const told = firstValueFrom(rejected$);
    const client = await secure();
    const { conn, error } = await told;
    expect([conn.remotePort, error.code]).toEqual([stalled[0]?.localPort, 'ERR_MUX_TLS']);
    expect(error.message).toContain('more than 2 handshakes');
    expect(rejections).toHaveLength(1);
    for (const socket of [client, ...stalled]) socket.destroy();
  });

  it.each([0, 1.5, -1])('refuses %d as maxHandshakes', (maxHandshakes) => {
    expect(() => terminateTls({ ...pem, maxHandshakes })).toThrow(/ERR_MUX_OPTION.*maxHandshakes/);
  });

  it('survives resets at every stage of the handshake', async () => {
    const { server, rejected$, decided$, secure, inside$ } = await secureServer();
    for (const bytes of ['160301000401', '1603010200010001fc0303']) {
      const client: Socket = await server.connect();
      const handshaking = firstValueFrom(decided$);
      client.write(Buffer.from(bytes, 'hex'));
      await handshaking;
      const told = firstValueFrom(rejected$);
      client.resetAndDestroy();
      expect((await told).error.code).toBe('ERR_MUX_TLS');
    }
    inside$.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe());
    const client = await secure();
    client.write('SSH-2.0-still alive\r\n');
    expect(String(await once(client, 'data'))).toBe('SSH-2.0-still alive\r\n');
  });

  it('ends only the connection whose handshake fails', async () => {
    const { secure, inside$, rejections } = await secureServer();
    await expect(secure({ ALPNProtocols: ['x'] })).rejects.toMatchObject({
      code: expect.stringMatching(/ALPN|ECONNRESET|TLSV1/),
    });
    const found = firstValueFrom(inside$);
    const client = await secure();
    client.write('SSH-2.0-x\r\n');
    expect((await found).protocol).toBe('ssh');
    expect(rejections).toHaveLength(1);
  });

  it('destroys the connections in handshake when unsubscribed from, and leaves the others', async () => {
    const inside: Conn[] = [];
    const conns$ = new Subject<Conn>();
    const server = await loopback((accepted$) => accepted$.subscribe(conns$));
    open.push(server);
    const patient = terminateTls({ ...pem, handshakeTimeout: 600_000 });
    const subscription = conns$.pipe(patient).subscribe((conn) => inside.push(conn));
    const client = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    open.push({ close: () => client.destroy() });
    await once(client, 'secureConnect');
    const stalled = await server.connect();
    const accepted = server.conns.length === 2 ? undefined : firstValueFrom(conns$);
    await accepted;
    subscription.unsubscribe();
    await once(stalled.resume(), 'end');
    inside[0]?.next(Buffer.from('alive'));
    expect(String(await once(client, 'data'))).toBe('alive');
  });

  it('tells of a connection that has a reader already, and goes on', async () => {
    const taken: Conn[] = [];
    const told: TlsRejection[] = [];
    const rejected = { next: (rejection: TlsRejection) => told.push(rejection) };
    const inside$ = new Subject<Conn>();
    const server = await loopback((conns$) =>
      conns$
        .pipe(
          tap((conn) => {
            if (taken.push(conn) === 1) conn.duplex();
          }),
          terminateTls({ ...pem, rejected }),
        )
        .subscribe(inside$),
    );
    open.push(server);
    await server.connect();
    const found = firstValueFrom(inside$);
    const client = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    open.push({ close: () => client.destroy() });
    expect((await found).encrypted).toBe(true);
    expect(told).toMatchObject([{ conn: taken[0], error: { code: 'ERR_MUX_SECOND_SUBSCRIBE' } }]);
  });

  it('completes with its source once no handshake is under way', async () => {
    const conns$ = new Subject<Conn>();
    const server = await loopback((accepted$) => accepted$.subscribe((conn) => conns$.next(conn)));
    open.push(server);
    const ends: string[] = [];
    const done = lastValueFrom(conns$.pipe(terminateTls(pem), tap({ complete: () => ends.push('complete') })));
    const accepted = firstValueFrom(conns$);
    const client = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    open.push({ close: () => client.destroy() });
    await accepted;
    conns$.complete();
    expect(ends).toEqual([]);
    expect((await done).encrypted).toBe(true);
    expect(ends).toEqual(['complete']);
  });

  it('completes when the last handshake under way fails', async () => {
    const conns$ = new Subject<Conn>();
    const told: TlsRejection[] = [];
    const rejected = { next: (rejection: TlsRejection) => told.push(rejection) };
    const server = await loopback((accepted$) => accepted$.subscribe((conn) => conns$.next(conn)));
    open.push(server);
    const done = lastValueFrom(conns$.pipe(terminateTls({ ...pem, rejected })), { defaultValue: 'nothing' });
    const accepted = firstValueFrom(conns$);
    const client = await server.connect();
    client.on('error', () => undefined).resume();
    await accepted;
    conns$.complete();
    client.write('no TLS at all');
    expect(await done).toBe('nothing');
    expect(told).toMatchObject([{ error: { code: 'ERR_MUX_TLS' } }]);
  });

  it('tells of a stream that TLS can not be spoken over, destroys it, and completes', async () => {
    class Broken extends Duplex {
      override pause(): never {
        throw new Error('no pause');
      }
    }
    const broken = new Broken({ read: () => undefined });
    const told: TlsRejection[] = [];
    const rejected = { next: (rejection: TlsRejection) => told.push(rejection) };
    const done = lastValueFrom(of(fromDuplex(broken)).pipe(terminateTls({ ...pem, rejected })), {
      defaultValue: 'nothing',
    });
    expect(await done).toBe('nothing');
    expect(told).toMatchObject([{ error: { code: 'ERR_MUX_TLS', cause: { message: 'no pause' } } }]);
    expect(broken.destroyed).toBe(true);
  });

  it('takes a certificate beside what brings its key', () => {
    const { cert } = pem;
    expect(() => terminateTls({ cert, SNICallback: (_name, done) => done(null) })).not.toThrow();
  });

  it('closes the socket of a client that ends in mid-handshake, long before the deadline', async () => {
    const { server, rejected$ } = await secureServer({ handshakeTimeout: 600_000 });
    const told = firstValueFrom(rejected$);
    const client = await server.connect();
    const closed = once(client.on('error', () => undefined).resume(), 'close');
    client.end(Buffer.from('1603010200010001fc0303', 'hex'));
    expect((await told).error.code).toBe('ERR_MUX_TLS');
    await closed;
  });

  it('tells of a connection that this side closes in mid-handshake', async () => {
    const { server, decided$, rejected$ } = await secureServer();
    const handshaking = firstValueFrom(decided$);
    const told = firstValueFrom(rejected$);
    const client = await server.connect();
    client.on('error', () => undefined).write(Buffer.from('1603010200010001fc0303', 'hex'));
    await handshaking;
    server.conns[0]?.error(new Error('enough'));
    expect((await told).error.code).toBe('ERR_MUX_TLS');
  });

  it('leaves a connection inside as open to a half-close as the one outside', async () => {
    const { secure, inside$ } = await secureServer();
    const found = firstValueFrom(inside$);
    const client = await secure();
    const reply = readAll(client);
    client.end('SSH-2.0-x');
    const conn = await found;
    expect(Buffer.concat(await lastValueFrom(conn.pipe(toArray()))).toString()).toBe('SSH-2.0-x');
    conn.next(Buffer.from('after your end'));
    conn.complete();
    expect((await reply).toString()).toBe('after your end');
  });

  it('shares its tickets between subscriptions: a client resumes on another', async () => {
    const stage = terminateTls({ ...pem, maxVersion: 'TLSv1.2' });
    const connected = async (session?: Buffer): Promise<TLSSocket> => {
      const server = await loopback((conns$) => conns$.pipe(stage).subscribe());
      open.push(server);
      const client = connectTls({
        port: server.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...(session && { session }),
      });
      open.push({ close: () => client.destroy() });
      await once(client, 'secureConnect');
      return client;
    };
    const first = await connected();
    const again = await connected(first.getSession());
    expect([first.isSessionReused(), again.isSessionReused()]).toEqual([false, true]);
  });

  it.each([
    ['no number', { handshakeTimeout: 'soon' as unknown as number }],
    ['no time', { handshakeTimeout: 0 }],
    ['SNICallback', { SNICallback: 5 as never }],
    ['ALPN', { ALPNProtocols: ['h2'], ALPNCallback: () => 'h2' }],
    ['a protocol name', { ALPNProtocols: ['x'.repeat(300)] }],
  ])('refuses a bad option when called: %s', (_name, options) => {
    expect(() => terminateTls({ ...pem, ...options })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it('refuses a certificate and key that do not belong together, when called', async () => {
    const { cert } = await localhostPem();
    for (const options of [{ cert, key: pem.key }, { cert }, {}])
      expect(() => terminateTls(options)).toThrow(expect.objectContaining({ code: 'ERR_MUX_TLS_FILES' }));
  });
});

describe('listen and dial over TLS', () => {
  it('speak to each other', async () => {
    const listener = listen({ port: 0, host: '127.0.0.1', tls: pem });
    const serving = listener.subscribe((conn) => conn.pipe(flowTo(conn)).subscribe());
    open.push({ close: () => serving.unsubscribe() });
    const address = await firstValueFrom(listener.address$);
    const conn = await firstValueFrom(
      dial({ port: 'port' in address ? address.port : 0, host: '127.0.0.1', tls: { rejectUnauthorized: false } }),
    );
    const reply = lastValueFrom(conn.pipe(toArray()));
    conn.next(Buffer.from('sealed'));
    conn.complete();
    expect(Buffer.concat(await reply).toString()).toBe('sealed');
    expect(conn.encrypted).toBe(true);
  });

  it('fail with ERR_MUX_CONNECT when the certificate is not trusted', async () => {
    const listener = listen({ port: 0, host: '127.0.0.1', tls: pem });
    const serving = listener.subscribe();
    open.push({ close: () => serving.unsubscribe() });
    const address = await firstValueFrom(listener.address$);
    const failed = lastValueFrom(dial({ port: 'port' in address ? address.port : 0, host: '127.0.0.1', tls: {} }));
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_MUX_CONNECT',
      message: expect.stringContaining('self-signed'),
    });
  });

  it('lets one port carry TLS and plain text side by side', async () => {
    const seen: string[] = [];
    const server = await loopback((conns$) => {
      const { secure, plain } = partitionByProtocol(conns$, { secure: tls(), plain: ssh() });
      const serving = secure
        .pipe(terminateTls(pem), sniff(ssh()))
        .subscribe((conn) => seen.push(`inside ${conn.protocol}`));
      serving.add(plain.subscribe((conn) => seen.push(`plain ${conn.protocol}`)));
      return serving;
    });
    open.push(server);
    const secure = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      secure.write('SSH-2.0-'),
    );
    open.push({ close: () => secure.destroy() });
    const plain = await server.connect();
    plain.write('SSH-2.0-');
    while (seen.length < 2) await new Promise(setImmediate);
    expect(seen.sort()).toEqual(['inside ssh', 'plain ssh']);
  });
});
