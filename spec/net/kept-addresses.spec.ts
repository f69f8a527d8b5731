import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, Subject, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { listen } from '../../src/net/listen.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { Traffic } from '../../src/observe/traffic.js';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { ssh } from '../../src/sniff/matchers/ssh.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback, type Loopback } from './loopback.js';

const selfSigned = await localhostPem();

let bed: Loopback | undefined;
afterEach(() => {
  bed?.close();
  bed = undefined;
});

const who = ({ remoteAddress, remotePort, localAddress, localPort }: Conn): unknown[] => [
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
];
/** What a client is to be told as, once it and its socket are gone. */
const ends = (client: Socket, { port }: Loopback): unknown[] => ['127.0.0.1', client.localPort, '127.0.0.1', port];

/** Serves in a way of its own; emits those that were refused. */
type Way = (conns$: Observable<Conn>, refused$: Subject<Conn>) => Subscription;

const toConn = (refused$: Subject<Conn>) => ({ next: ({ conn }: { readonly conn: Conn }) => refused$.next(conn) });

const ways: readonly (readonly [string, Way, (client: Socket) => void])[] = [
  [
    'sniff, for bytes that nobody wants',
    (c$, r$) => c$.pipe(sniff(ssh(), { rejected: toConn(r$) })).subscribe(),
    (c) => c.write('nobody'),
  ],
  [
    'sniff, for silence',
    (c$, r$) => c$.pipe(sniff(ssh(), { timeoutMs: 50, rejected: toConn(r$) })).subscribe(),
    () => undefined,
  ],
  [
    'sniff, for an early end',
    (c$, r$) => c$.pipe(sniff(ssh(), { rejected: toConn(r$) })).subscribe(),
    (c) => c.end('SS'),
  ],
  [
    'sniff, for a reset',
    (c$, r$) => c$.pipe(sniff(ssh(), { rejected: toConn(r$) })).subscribe(),
    (c) => {
      c.write('SS', () => setTimeout(() => c.resetAndDestroy(), 30));
    },
  ],
  [
    'sniff, for too many bytes',
    (c$, r$) => c$.pipe(sniff(http1(), { maxBytes: 20, rejected: toConn(r$) })).subscribe(),
    (c) => c.write('GET /aaaaaaaaaaaaaaaaaaaa'),
  ],
  [
    'partitionByProtocol, for a route without a subscriber',
    (c$, r$) => {
      const { web } = partitionByProtocol(c$, { web: http1(), shell: ssh() }, { rejected: toConn(r$) });
      return web.subscribe();
    },
    (c) => c.write('SSH-2.0-x\r\n'),
  ],
  [
    'terminateTls, for a bad handshake',
    (c$, r$) => c$.pipe(terminateTls({ ...selfSigned, rejected: toConn(r$) })).subscribe(),
    (c) => c.write('no hello at all\r\n\r\n'),
  ],
  [
    'terminateTls, at its deadline',
    (c$, r$) => c$.pipe(terminateTls({ ...selfSigned, handshakeTimeout: 50, rejected: toConn(r$) })).subscribe(),
    () => undefined,
  ],
  [
    'terminateTls, for a reset',
    (c$, r$) => c$.pipe(terminateTls({ ...selfSigned, rejected: toConn(r$) })).subscribe(),
    (c) => setTimeout(() => c.resetAndDestroy(), 30),
  ],
  [
    'proxyProtocol, for a peer that is not trusted',
    (c$, r$) => c$.pipe(proxyProtocol({ trust: [], rejected: toConn(r$) })).subscribe(),
    () => undefined,
  ],
  [
    'proxyTo, for a backend that is away',
    (c$, r$) => c$.subscribe(proxyTo({ path: '/nowhere/rxmux' }, { failed: toConn(r$) })),
    () => undefined,
  ],
  [
    'a reader, at a reset',
    (c$, r$) => c$.subscribe((conn) => conn.subscribe({ error: () => r$.next(conn) })),
    (c) => setTimeout(() => c.resetAndDestroy(), 30),
  ],
  [
    'closed$, at an orderly end',
    (c$, r$) =>
      c$.subscribe((conn) => {
        conn.pipe(flowTo(conn)).subscribe();
        conn.closed$.subscribe(() => r$.next(conn));
      }),
    (c) => c.end('x'),
  ],
  [
    'closed$, of a connection that a server has',
    (c$, r$) =>
      c$.subscribe((conn) => {
        conn.closed$.subscribe(() => r$.next(conn));
        createHttpServer((_, response) => response.end()).emit('connection', conn.duplex());
      }),
    (c) => c.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
  ],
];

describe('the addresses of a peer that is gone are told by', () => {
  it.each(ways)('%s', async (_, way, act) => {
    const refused$ = new Subject<Conn>();
    bed = await loopback((conns$) => way(conns$, refused$));
    const first = firstValueFrom(refused$);
    const client = await bed.connect();
    client.on('error', () => undefined).resume();
    const expected = ends(client, bed);
    act(client);
    const conn = await first;
    await firstValueFrom(conn.closed$);
    await new Promise((resolve) => setImmediate(resolve));
    expect(who(conn)).toEqual(expected);
  });
});

describe('Traffic', () => {
  it('tells the address of who was turned away', async () => {
    const traffic = new Traffic();
    const rejected$ = new Subject<void>();
    bed = await loopback((conns$) =>
      conns$
        .pipe(
          sniff(ssh(), {
            ...traffic.options,
            rejected: {
              next: (r) => {
                traffic.options.rejected.next(r);
                rejected$.next();
              },
            },
          }),
        )
        .subscribe(),
    );
    const client = await bed.connect();
    const told = firstValueFrom(rejected$);
    const port = String(client.localPort);
    client.write('nobody');
    await told;
    expect(traffic.snapshot().recent[0]?.remote).toBe(`127.0.0.1:${port}`);
  });
});

describe('a Unix socket', () => {
  it('has no address before or after, and is reset by a close where a PROXY header gave it one', async () => {
    const path = join(tmpdir(), `rxmux-${String(process.pid)}-kept.sock`);
    const conns$ = listen({ path });
    const arrived = firstValueFrom(conns$.pipe(proxyProtocol({ trust: ['unix'] })));
    await firstValueFrom(conns$.address$);
    const client = connect(path);
    client.on('error', () => undefined).resume();
    client.write('PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n');
    const conn = await arrived;
    expect(who(conn)).toEqual(['203.0.113.7', 51000, '10.0.0.5', 443]);
    const closed = once(client, 'close');
    conn.error(new Error('over'));
    await closed;
    expect(who(conn)).toEqual(['203.0.113.7', 51000, '10.0.0.5', 443]);
  });
});

describe('a socket that is not connected yet', () => {
  it('tells its addresses once it is', async () => {
    bed = await loopback();
    const socket = connect(bed.port, '127.0.0.1');
    const conn = fromDuplex(socket);
    expect(conn.remoteAddress).toBeUndefined();
    await once(socket, 'connect');
    expect([conn.remoteAddress, conn.remotePort]).toEqual(['127.0.0.1', bed.port]);
    conn._destroy(undefined, false);
  });
});
