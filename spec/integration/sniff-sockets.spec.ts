import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { firstValueFrom, lastValueFrom, Subject, Subscription, take, toArray } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { flowTo } from '../../src/flow/flow-to.js';
import type { SniffOptions } from '../../src/sniff/options.js';
import { sniffCounters, type Decision, type Rejection } from '../../src/sniff/outcome.js';
import { any, http1, http1Header, http2, serverFirst, ssh, tls } from '../../src/sniff/matchers/index.js';
import type { Matcher } from '../../src/sniff/matcher.js';
import { sniff } from '../../src/sniff/sniff.js';
import { toHttp } from '../../src/serve/to-http.js';
import { loopback, readAll, type Loopback } from '../net/loopback.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A port that sniffs real sockets; `conns$` emits what is decided. */
async function port(matchers: readonly Matcher[], options: SniffOptions = {}) {
  const conns$ = new Subject<Conn>();
  const rejected$ = new Subject<Rejection>();
  const decided$ = new Subject<Decision>();
  const counters = sniffCounters();
  const serving = new Subscription();
  const server: Loopback = await loopback((accepted$) => {
    serving.add(
      accepted$
        .pipe(sniff(...matchers, { rejected: rejected$, decided: decided$, counters, ...options }))
        .subscribe(conns$),
    );
    return serving;
  });
  open.push(server);
  return { server, conns$, rejected$, decided$, counters, serving };
}

const read = async (conn: Conn): Promise<string> =>
  Buffer.concat(await lastValueFrom(conn.pipe(toArray()))).toString('latin1');

/** Resolves once `condition` holds; every turn of the event loop looks again. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe('sniff over real sockets', () => {
  it('case 2: decides a request sent in segments of one byte, and replays it', async () => {
    const { server, conns$ } = await port([ssh(), http1()]);
    const client = await server.connect();
    client.setNoDelay(true);
    const found = firstValueFrom(conns$);
    const request = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const letter of request) await new Promise((resolve) => client.write(letter, resolve));
    client.end();
    expect(await read(await found)).toBe(request);
  });

  it('reads a slow client once for each of its segments, and never while nothing new has come', async () => {
    let reads = 0;
    const counting: Matcher = { protocol: 'count', match: () => (reads++, 'more') };
    const { server, counters } = await port([counting], { timeoutMs: 60_000 });
    const client = await server.connect();
    client.write('a');
    await until(() => counters.heldBytes === 1);
    client.write('b');
    await until(() => counters.heldBytes === 2);
    for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
    expect(reads).toBe(2);
  });

  it('case 13: counts a client that resets without a byte', async () => {
    const { server, counters } = await port([http1()]);
    const client = await server.connect();
    await until(() => counters.undecided === 1);
    client.resetAndDestroy();
    await until(() => counters.aborted === 1);
    expect(counters).toMatchObject({ accepted: 1, undecided: 0, rejected: 0 });
  });

  it('case 14: turns away a client that resets after some bytes', async () => {
    const { server, rejected$, counters } = await port([http1()]);
    const client = await server.connect();
    const told = firstValueFrom(rejected$);
    client.write('GET');
    await until(() => counters.heldBytes === 3);
    client.resetAndDestroy();
    expect(await told).toMatchObject({ reason: 'abort', error: { code: 'ERR_MUX_ABORT' } });
  });

  it('case 16: loses no byte of a client that sends data and FIN at once while it is undecided', async () => {
    const undecided: Matcher<'late', object> = {
      protocol: 'late',
      match: ({ final }) => (final ? { meta: {} } : 'more'),
    };
    const { server, conns$ } = await port([undecided]);
    for (const size of [1, 100, 10_000]) {
      const found = firstValueFrom(conns$);
      const client = await server.connect();
      client.end('x'.repeat(size));
      const conn = await found;
      expect(await read(conn)).toHaveLength(size);
      conn.complete();
    }
  });

  it('case 17: lets 500 clients that sent one byte cost nothing, and closes each at the deadline', async () => {
    let asked = 0;
    const greedy: Matcher = { protocol: 'greedy', match: () => (asked++, 'more') };
    const { server, rejected$, counters } = await port([greedy], { timeoutMs: 400 });
    const rejections = lastValueFrom(rejected$.pipe(take(500), toArray()));
    const clients = await Promise.all(Array.from({ length: 500 }, () => server.connect()));
    for (const client of clients)
      client
        .resume()
        .on('error', () => undefined)
        .write('x');
    const ended = Promise.all(clients.map((client) => once(client, 'end')));
    const all = await rejections;
    expect(all.every(({ reason, afterMs }) => reason === 'timeout' && afterMs >= 400)).toBe(true);
    // Once as the byte comes, once more as final: nobody is asked while nothing happens.
    expect(asked).toBe(1000);
    expect(counters).toMatchObject({ undecided: 0, heldBytes: 0, rejected: 500 });
    await ended;
  });

  it('case 20: leaves a routed connection alone for ten times the deadline', async () => {
    const { server, conns$, rejected$ } = await port([ssh()], { timeoutMs: 20 });
    const rejections: Rejection[] = [];
    rejected$.subscribe((r) => rejections.push(r));
    const found = firstValueFrom(conns$);
    const client = await server.connect();
    client.write('SSH-2.0-x\r\n');
    (await found).pipe(flowTo(await found)).subscribe();
    expect(String(await once(client, 'data'))).toBe('SSH-2.0-x\r\n');
    // Ten silent clients, one after the other, are ten deadlines.
    for (let n = 0; n < 10; n++) {
      const told = firstValueFrom(rejected$);
      const silent = await server.connect();
      silent.on('error', () => undefined).resume();
      await told;
    }
    client.write('still here');
    expect(String(await once(client, 'data'))).toBe('still here');
    expect(rejections).toHaveLength(10);
  });

  it('case 22: matches on a head of 60 KiB when the cap allows it', async () => {
    const { server, conns$ } = await port([http1Header('x-last', 'yes')], { maxBytes: 65_536 });
    const found = firstValueFrom(conns$);
    const client = await server.connect();
    const head = `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 60 }, (_, n) => `X-${n}: ${'v'.repeat(990)}\r\n`).join('')}X-Last: yes\r\n\r\n`;
    client.end(head);
    expect(await read(await found)).toBe(head);
  });

  it('case 21: turns away a head of 1 MB that is longer than the cap, and leaves the fast route unaffected', async () => {
    const { server, rejected$, conns$ } = await port([http1Header('x-last', 'yes')]);
    const told = firstValueFrom(rejected$);
    const client = await server.connect();
    client
      .on('error', () => undefined)
      .write(`GET / HTTP/1.1\r\n${Array.from({ length: 90 }, (_, n) => `X-${n}: ${'v'.repeat(11_000)}\r\n`).join('')}`);
    const { reason, bytes } = await told;
    expect(reason).toBe('overflow');
    expect(bytes.length).toBeLessThan(16_384 + 65_536);
    conns$.complete();

    const fast = await port([http1()]);
    const found = firstValueFrom(fast.conns$);
    (await fast.server.connect()).write(`GET / HTTP/1.1\r\nX: ${'v'.repeat(1_000_000)}`);
    expect((await found).protocol).toBe('http1');
  });

  it('case 56: a server-first route greets a silent client while others are sniffed', async () => {
    const { server, conns$ } = await port([serverFirst('smtp', { after: 30 }), http1()]);
    conns$.subscribe((conn) => {
      conn.next(Buffer.from(conn.protocol));
      conn.complete();
    });
    const [silent, eager] = [await server.connect(), await server.connect()];
    eager.write('GET / HTTP/1.1\r\n\r\n');
    expect(String(await readAll(eager))).toBe('http1');
    expect(String(await readAll(silent))).toBe('smtp');
  });

  it('case 57: routes by any() without a read', async () => {
    const { server, conns$, decided$ } = await port([any()]);
    const decision = firstValueFrom(decided$);
    conns$.subscribe((conn) => {
      conn.next(Buffer.from('welcome'));
    });
    const client = await server.connect();
    expect(String(await once(client, 'data'))).toBe('welcome');
    expect((await decision).bytes).toBe(0);
  });

  it('case 61: stopping destroys the undecided at once and leaves the routed, with no listener of ours on them', async () => {
    const { server, conns$, serving, counters } = await port([ssh()], { timeoutMs: 60_000 });
    const routed: Conn[] = [];
    conns$.subscribe((conn) => routed.push(conn));
    const clients = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
    const [silent, talking] = [clients.slice(0, 20), clients.slice(20)];
    for (const client of talking) client.write('SSH-2.0-x\r\n');
    await until(() => routed.length === 20 && counters.undecided === 20);
    const ended = Promise.all(silent.map((client) => once(client.on('error', () => undefined).resume(), 'end')));
    serving.unsubscribe();
    await ended;
    expect(counters.undecided).toBe(0);
    for (const conn of routed) conn.pipe(flowTo(conn)).subscribe();
    const echoes = await Promise.all(talking.map(async (client) => String(await once(client, 'data'))));
    expect(new Set(echoes)).toEqual(new Set(['SSH-2.0-x\r\n']));
  });

  it('case 62: 10,000 clients that connect and leave at once leave nothing behind', async () => {
    const { server, counters } = await port([http1(), tls()], { timeoutMs: 60_000 });
    for (let n = 0; n < 10_000; n++) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      if (n % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await until(() => counters.aborted === 10_000);
    expect(counters).toEqual({
      accepted: 10_000,
      matched: 0,
      rejected: 0,
      aborted: 10_000,
      undecided: 0,
      heldBytes: 0,
    });
  });
});

describe('sniffed connections at a real HTTP server', () => {
  async function web(
    handler: http.RequestListener,
    options: SniffOptions = {},
  ): Promise<{ server: Loopback; connect: () => Promise<Socket> }> {
    const { server, conns$ } = await port([http2(), http1()], options);
    conns$.subscribe(toHttp(http.createServer(handler), { halfCloseTimeoutMs: 1000 }));
    return { server, connect: () => server.connect() };
  }

  it('case 7: answers two requests that came in the sniffed chunk', async () => {
    const { connect: dial } = await web((req, res) => res.end(req.url));
    const client = await dial();
    client.end('GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const replies = String(await readAll(client));
    expect(replies.match(/\/one|\/two/g)).toEqual(['/one', '/two']);
  });

  it('case 8: a body of 1 MB behind the head arrives intact', async () => {
    const { connect: dial } = await web((req, res) => {
      let sum = 0;
      let length = 0;
      req.on('data', (chunk: Buffer) => {
        length += chunk.length;
        for (const byte of chunk) sum = (sum + byte) % 65_521;
      });
      req.on('end', () => res.end(`${length} ${sum}`));
    });
    const body = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, n) => n % 251));
    const client = await dial();
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.write(body);
    expect(String(await readAll(client))).toContain(`1000000 ${body.reduce((sum, byte) => (sum + byte) % 65_521, 0)}`);
  });

  it('case 15: a client that sends its FIN behind the request gets a late reply', async () => {
    const { connect: dial } = await web((_req, res) => {
      setImmediate(() => setImmediate(() => res.end('late')));
    });
    const client = await dial();
    client.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(String(await readAll(client))).toContain('late');
  });
});
