import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  config,
  defer,
  EMPTY,
  filter,
  firstValueFrom,
  map,
  materialize,
  mergeMap,
  NEVER,
  repeat,
  retry,
  Subject,
  Subscription,
  switchMap,
  take,
  tap,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { flowTo } from '../../src/flow/flow-to.js';
import { dialSession, type DialSessionOptions } from '../../src/net/dial-session.js';
import { listenSessions, type ListenSessionsOptions } from '../../src/net/listen-sessions.js';
import type { Session } from '../../src/session/session.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { FakeWebSocket } from '../conn/fake-web-socket.js';
import { localhostPem } from '../serve/sink-harness.js';

const codec = muxado();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

let served: Session[] = [];
let all = new Subscription();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rxmux-'));
  all = new Subscription();
  served = [];
});
afterEach(() => {
  all.unsubscribe();
  for (const s of served) s.conn._destroy(undefined, false);
  rmSync(folder, { recursive: true });
});

function echo(s: Session): void {
  s.accept$.subscribe({ next: (stream) => stream.pipe(flowTo(stream)).subscribe(), error: () => undefined });
}

/** Listens, echoes on every stream, and tells the URL to dial. */
async function serve(url: string, options: ListenSessionsOptions = { codec }): Promise<string> {
  const listener = listenSessions(url, options);
  const bound = firstValueFrom(listener.address$);
  all.add(
    listener.subscribe((s) => {
      served.push(s);
      echo(s);
    }),
  );
  const address = await bound;
  return 'port' in address ? url.replace(/:0$/, `:${address.port}`) : url;
}

async function echoed(s: Session, text: string): Promise<string> {
  const stream = s.open();
  stream.next(Buffer.from(text));
  const chunk = await firstValueFrom(stream);
  stream.complete();
  return Buffer.from(chunk).toString();
}

/** The first session that comes, open until the test is over. */
function dialled(session$: Observable<Session>): Promise<Session> {
  return new Promise((resolve, reject) => {
    all.add(session$.subscribe({ next: resolve, error: reject }));
  });
}

const webSocketServer = (): WebSocketServer => new WebSocketServer({ noServer: true });

describe('dialSession and listenSessions', () => {
  const places: readonly [string, () => [Partial<ListenSessionsOptions>, Partial<DialSessionOptions>]][] = [
    ['tcp://127.0.0.1:0', () => [{}, {}]],
    ['tcp://[::1]:0', () => [{}, {}]],
    ['tls://localhost:0', () => [{ tls: pem }, { tls: { ca: pem.cert } }]],
    ['unix:', () => [{}, {}]],
    ['unix://', () => [{}, {}]],
    ['ws://127.0.0.1:0', () => [{ webSocketServer: webSocketServer() }, { webSocket: WebSocket }]],
    [
      'wss://localhost:0',
      () => [
        { tls: pem, webSocketServer: webSocketServer() },
        { webSocket: class extends WebSocket { constructor(url: string) { super(url, { ca: pem.cert }) } } },
      ],
    ],
  ];
  it.each(places)('meet at %s', async (place, options) => {
    const [forServer, forClient] = options();
    const url = await serve(place.startsWith('unix') ? `${place}${join(folder, 'a b%.sock')}` : place, { codec, ...forServer });
    const s = await dialled(dialSession(url, { codec, ...forClient }));
    expect(await echoed(s, 'hello')).toBe('hello');
    expect(s.conn.encrypted).toBe(place.startsWith('tls') || place.startsWith('wss'));
    expect(served[0]?.conn.encrypted).toBe(s.conn.encrypted);
    if (!place.startsWith('unix')) expect(served[0]?.conn.remoteAddress).toMatch(/^(::ffff:)?127\.0\.0\.1$|^::1$/);
  });
});

describe('dialSession', () => {
  it('is cold: each subscription is a session of its own', async () => {
    const session$ = dialSession(await serve('tcp://127.0.0.1:0'), { codec });
    const [one, two] = [await dialled(session$), await dialled(session$)];
    expect(one).not.toBe(two);
    expect(await echoed(one, 'one')).toBe('one');
    expect(await echoed(two, 'two')).toBe('two');
  });

  it('completes when the other end goes away in order', async () => {
    const session$ = dialSession(await serve('tcp://127.0.0.1:0'), { codec });
    const told = firstValueFrom(
      session$.pipe(
        tap((s) => void echoed(s, 'x').then(() => served[0]?.goAway())),
        materialize(),
        map(({ kind }) => kind),
        toArray(),
      ),
    );
    expect(await told).toEqual(['N', 'C']);
  });

  it('errors with the error of the session when the connection is lost', async () => {
    const session$ = dialSession(await serve('tcp://127.0.0.1:0'), { codec });
    const told = firstValueFrom(
      session$.pipe(
        tap((s) => void echoed(s, 'x').then(() => served[0]?.conn._destroy(undefined, true))),
        switchMap(() => NEVER),
      ),
    );
    await expect(told).rejects.toMatchObject({ code: 'ERR_MUX_TRANSPORT' });
  });

  it('closes the session when it is unsubscribed: what was written is sent, then it ends in order', async () => {
    const url = await serve('tcp://127.0.0.1:0');
    const subscription = dialSession(url, { codec }).subscribe((s) => {
      s.open().next(Buffer.alloc(100_000));
      setImmediate(() => subscription.unsubscribe());
    });
    const server = await firstSession();
    const { error } = await firstValueFrom(server.closed$);
    expect([error, server.conn.bytesRead > 100_000]).toEqual([undefined, true]);
  });

  it('closes at once a session of which only the first value is taken', async () => {
    const s = await firstValueFrom(dialSession(await serve('tcp://127.0.0.1:0'), { codec }));
    expect(s.open().bufferedBytes).toBe(0);
    await expect(firstValueFrom(s.open())).rejects.toMatchObject({ code: /ERR_MUX_(CLOSED|GOAWAY)/ as unknown as string });
  });

  it('gives up the attempt when it is unsubscribed before it is connected', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const subscription = dialSession(`tls://127.0.0.1:${port}`, { codec }).subscribe();
    const [socket] = (await once(silent, 'connection')) as [Socket];
    subscription.unsubscribe();
    socket.on('error', () => undefined).resume();
    await new Promise((resolve) => socket.once('close', resolve));
    silent.close();
  });

  it.each(['tcp://127.0.0.1:1', 'tls://127.0.0.1:1', 'ws://127.0.0.1:1', 'unix:/nowhere/at/all.sock'])(
    'errors with ERR_MUX_CONNECT when nobody listens at %s',
    async (url) => {
      const told = firstValueFrom(dialSession(url, { codec, webSocket: WebSocket }));
      await expect(told).rejects.toMatchObject({ code: 'ERR_MUX_CONNECT' });
    },
  );

  it.each(['localhost:80', 'http://localhost:80', 'tcp://localhost', 'tcp://localhost:65536', 'tcp://a:1/path', 'tcp://u@a:1', 'unix:', 'ws://', ''])(
    'refuses the URL %p, and says how one is written',
    (url) => {
      const dial = (): unknown => dialSession(url, { codec, webSocket: WebSocket });
      expect(dial).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
      expect(dial).toThrow(/write '/);
    },
  );

  it('refuses, at the call, what could never work', () => {
    const bad: readonly [string, DialSessionOptions, RegExp][] = [
      ['tcp://a:1', { codec, windowBytes: 1 }, /windowBytes/],
      ['tcp://a:1', { codec, connectTimeoutMs: 0 }, /connectTimeoutMs/],
      ['tcp://a:0', { codec }, /port/],
      ['tcp://a:1', { codec, tls: {} }, /tls:\/\//],
      ['wss://a:1', { codec, tls: {}, webSocket: WebSocket }, /tls:\/\//],
      ['ws://a:1/#here', { codec, webSocket: WebSocket }, /'#'/],
    ];
    for (const [url, options, message] of bad) expect(() => dialSession(url, options)).toThrow(message);
  });

  it('takes the global WebSocket unless one is given, and says so where there is none', () => {
    const global = globalThis as { WebSocket?: unknown };
    const { WebSocket: before } = global;
    delete global.WebSocket;
    expect(() => dialSession('ws://a/', { codec })).toThrow(/\{ webSocket: WebSocket \}/);
    global.WebSocket = FakeWebSocket;
    expect(() => dialSession('ws://a/', { codec })).not.toThrow();
    global.WebSocket = before;
    if (before === undefined) delete global.WebSocket;
  });
});
