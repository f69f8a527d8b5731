import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { config, firstValueFrom, lastValueFrom, of, Subject, take, toArray } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import type { ProxyRejection } from '../../src/net/proxy-arrival.js';
import { proxyProtocol, type ProxyProtocolOptions } from '../../src/net/proxy-protocol.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { http2 } from '../../src/sniff/matchers/http2.js';
import { tls } from '../../src/sniff/matchers/tls.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { localhostPem } from '../serve/sink-harness.js';
import { proxyFlights } from '../vectors/proxy.js';
import { loopback, readAll } from './loopback.js';

const TRUST = ['127.0.0.1'];
const HEADER = 'PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n';
const V2_HEADER = latin1('\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c\xcb\x00\x71\x07\x0a\x00\x00\x05\xc78\x01\xbb');

let pem: { readonly cert: string; readonly key: string };
beforeAll(async () => {
  pem = await localhostPem();
});

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0).reverse()) close();
});

/** A stream that gives what is pushed into it and drops what is written. */
function source(): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('proxyProtocol takes off exactly the header', () => {
  it.each(proxyFlights)('of $name, cut anywhere', async ({ bytes, meta }) => {
    const payload = latin1('\x16\x03\x01 and so on');
    const flight = Uint8Array.from([...bytes, ...payload]);
    const runs = Array.from(flight, async (_, k) => {
      const stream = source();
      const emitted = firstValueFrom(of(fromDuplex(stream)).pipe(proxyProtocol({ trust: ['unix'] })));
      if (k > 0) stream.push(flight.subarray(0, k));
      await turn();
      stream.push(flight.subarray(k));
      const conn = await emitted;
      stream.push(null);
      expect(conn.meta.proxy).toEqual(meta);
      expect(conn.remoteAddress).toBe(meta.sourcePort === undefined ? undefined : meta.sourceAddress);
      return Buffer.concat(await lastValueFrom(conn.pipe(toArray())));
    });
    for (const rest of await Promise.all(runs)) expect(rest).toEqual(Buffer.from(payload));
  });
});

describe('proxyProtocol on a port', () => {
  it('tells servers the address of the client, through the socket itself', async () => {
    const server = createServer((request: IncomingMessage, response) => {
      const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
      response.end(JSON.stringify([remoteAddress, remotePort, localAddress, localPort]));
    });
    const port = await loopback((conns$) =>
      conns$
        .pipe(proxyProtocol({ trust: TRUST }), sniff(http1()))
        .subscribe((conn) => server.emit('connection', conn.duplex())),
    );
    open.push(() => {
      port.close();
    });
    const client = await port.connect();
    client.end(`${HEADER}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const reply = Buffer.concat(await client.toArray()).toString();
    expect(reply).toContain('["203.0.113.7",51000,"10.0.0.5",443]');
  });

  it.each([
    ['v1', latin1(HEADER)],
    ['v2', V2_HEADER],
  ])('case 50: %s, TLS and HTTP/2 follow each other, the first two in one segment', async (_, header) => {
    const inside$ = new Subject<Conn>();
    const port = await loopback((conns$) =>
      conns$
        .pipe(
          proxyProtocol({ trust: TRUST }),
          sniff(tls()),
          terminateTls({ ...pem, ALPNProtocols: ['h2'] }),
          sniff(http2()),
        )
        .subscribe(inside$),
    );
    open.push(() => {
      port.close();
    });
    const found = firstValueFrom(inside$);
    const raw = await port.connect();
    raw.cork();
    raw.write(header);
    const secure = connectTls({
      socket: raw,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      servername: 'app.example',
    });
    raw.uncork();
    const session: ClientHttp2Session = connectHttp2('http://app.example', { createConnection: () => secure });
    open.push(() => {
      session.destroy();
    });
    const conn = await found;
    expect(conn.protocol).toBe('http2');
    expect([conn.remoteAddress, conn.remotePort, conn.localAddress, conn.localPort]).toEqual([
      '203.0.113.7',
      51000,
      '10.0.0.5',
      443,
    ]);
    expect(conn.meta).toMatchObject({
      proxy: { sourceAddress: '203.0.113.7' },
      tls: { serverName: 'app.example', alpn: 'h2' },
    });
    conn._destroy(undefined, false);
  });

  it('case 50: a header and all that follows in one segment, its FIN included', async () => {
    const found$ = new Subject<Conn>();
    const port = await loopback((conns$) =>
      conns$.pipe(proxyProtocol({ trust: TRUST }), sniff(http1())).subscribe(found$),
    );
    open.push(() => {
      port.close();
    });
    const found = firstValueFrom(found$);
    const client = await port.connect();
    client.end(`${HEADER}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    const conn = await found;
    expect(Buffer.concat(await lastValueFrom(conn.pipe(toArray()))).toString()).toBe(
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    );
  });

  it('case 51: closes a stranger at once', async () => {
    const told$ = new Subject<ProxyRejection>();
    const port = await loopback((conns$) =>
      conns$.pipe(proxyProtocol({ trust: ['192.0.2.0/24'], rejected: told$ })).subscribe(),
    );
    open.push(() => {
      port.close();
    });
    const told = firstValueFrom(told$);
    const client = await port.connect();
    expect((await told).error.message).toContain('from 127.0.0.1: the peer is not trusted');
    expect(await readAll(client)).toHaveLength(0);
  });
});

describe('proxyProtocol begins and ends', () => {
  const arrive = (conns$: Subject<Conn>, first = ''): readonly [client: Conn, server: Conn] => {
    const [client, server] = memoryPipe();
    server._readdress({ remoteAddress: '127.0.0.1' });
    conns$.next(server);
    client.next(latin1(first));
    return [client, server];
  };

  const isOpen = (conn: Conn): boolean => {
    let open = true;
    conn.closed$.subscribe(() => (open = false)).unsubscribe();
    return open;
  };

  it('completes with the source once no header is awaited', () => {
    const conns$ = new Subject<Conn>();
    const log: unknown[] = [];
    conns$
      .pipe(proxyProtocol({ trust: TRUST }))
      .subscribe({ next: (conn) => log.push(conn.remoteAddress), complete: () => log.push('complete') });
    const [client] = arrive(conns$);
    const [leaving] = arrive(conns$);
    const [bad] = arrive(conns$);
    conns$.complete();
    leaving.complete();
    bad.next(latin1('GET'));
    expect(log).toEqual([]);
    client.next(latin1(HEADER));
    expect(log).toEqual(['203.0.113.7', 'complete']);
  });

  it('destroys what it awaits, and nothing it emitted, when it is unsubscribed or the source fails', () => {
    for (const end of ['unsubscribe', 'error'] as const) {
      const conns$ = new Subject<Conn>();
      const rejected: ProxyRejection[] = [];
      const subscription = conns$
        .pipe(proxyProtocol({ trust: TRUST, rejected: { next: (r) => rejected.push(r) } }))
        .subscribe({ error: () => undefined });
      const [, emitted] = arrive(conns$, HEADER);
      const [, silent] = arrive(conns$);
      const [, halfway] = arrive(conns$, 'PROXY TCP4');
      if (end === 'error') conns$.error(new Error('the listener failed'));
      else subscription.unsubscribe();
      expect([emitted, silent, halfway].map(isOpen)).toEqual([true, false, false]);
      expect(rejected).toEqual([]);
      emitted._destroy(undefined, false);
    }
  });

  it('may be unsubscribed by what it emits', () => {
    const conns$ = new Subject<Conn>();
    const emitted: Conn[] = [];
    conns$.pipe(proxyProtocol({ trust: TRUST }), take(1)).subscribe((conn) => emitted.push(conn));
    const [, silent] = arrive(conns$);
    const [, server] = arrive(conns$, HEADER);
    expect(emitted).toEqual([server]);
    expect([silent, server].map(isOpen)).toEqual([false, true]);
  });

  it('is cold: each subscription awaits its own connections', () => {
    const stage = proxyProtocol({ trust: TRUST });
    const [first$, second$] = [new Subject<Conn>(), new Subject<Conn>()];
    const firstRun = first$.pipe(stage).subscribe();
    const secondRun = second$.pipe(stage).subscribe();
    const [, first] = arrive(first$);
    const [, second] = arrive(second$);
    firstRun.unsubscribe();
    expect([first, second].map(isOpen)).toEqual([false, true]);
    secondRun.unsubscribe();
  });

  it('goes on when the observer of rejections throws, and rxjs reports that', async () => {
    const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
    open.push(() => (config.onUnhandledError = null));
    const failure = new Error('the log is full');
    const conns$ = new Subject<Conn>();
    const emitted: Conn[] = [];
    const rejected = {
      next: () => {
        throw failure;
      },
    };
    const subscription = conns$.pipe(proxyProtocol({ trust: TRUST, rejected })).subscribe((conn) => emitted.push(conn));
    open.push(() => {
      subscription.unsubscribe();
    });
    arrive(conns$, 'GET');
    const [, server] = arrive(conns$, HEADER);
    expect(await reported).toBe(failure);
    expect(emitted).toEqual([server]);
  });

  it.each<[string, Partial<ProxyProtocolOptions>]>([
    ['a range that is none', { trust: ['10.0.0.0/33'] }],
    ['a name in trust', { trust: ['localhost'] }],
    ['timeoutMs of 0', { timeoutMs: 0 }],
    ['timeoutMs that no timer can wait', { timeoutMs: 2 ** 31 }],
    ['maxBytes below a head', { maxBytes: 15 }],
    ['maxBytes above any header', { maxBytes: 65_552 }],
    ['maxBytes that is no whole number', { maxBytes: 100.5 }],
  ])('refuses %s at once', (_, options) => {
    expect(() => proxyProtocol({ trust: TRUST, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
    );
  });
});
