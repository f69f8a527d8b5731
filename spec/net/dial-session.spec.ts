import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  catchError,
  defer,
  firstValueFrom,
  ignoreElements,
  map,
  materialize,
  merge,
  mergeMap,
  mergeWith,
  NEVER,
  of,
  repeat,
  retry,
  Subject,
  Subscription,
  switchMap,
  take,
  takeUntil,
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
import type { MuxStream } from '../../src/session/mux-stream.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux } from '../../src/wire/index.js';
import { FakeWebSocket } from '../conn/fake-web-socket.js';
import { localhostPem } from '../serve/sink-harness.js';

const codec = muxado();
let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

let served: Session[] = [];
let served$ = new Subject<Session>();
let all = new Subscription();
let listening = new Subscription();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rxmux-'));
  all = new Subscription();
  served = [];
  served$ = new Subject();
});
afterEach(() => {
  all.unsubscribe();
  for (const s of served) s.conn._destroy(undefined, false);
  rmSync(folder, { recursive: true });
});

function echo(s: Session): void {
  s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
}

/** Listens, echoes on every stream, and tells the URL to dial. */
async function serve(url: string, options: ListenSessionsOptions = { codec }): Promise<string> {
  const listener = listenSessions(url, options);
  const bound = firstValueFrom(listener.address$);
  listening = listener.subscribe((s) => {
    served.push(s);
    echo(s);
    served$.next(s);
  });
  all.add(listening);
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
        {
          webSocket: class extends WebSocket {
            constructor(url: string) {
              super(url, { ca: pem.cert });
            }
          },
        },
      ],
    ],
  ];
  it.each(places)('meet at %s', async (place, options) => {
    const [forServer, forClient] = options();
    const url = await serve(place.startsWith('unix') ? `${place}${join(folder, 'a b%.sock')}` : place, {
      codec,
      ...forServer,
    });
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

  it('closes the session when it is unsubscribed, which the other end sees as an orderly end', async () => {
    const url = await serve('tcp://127.0.0.1:0');
    const accepted = firstValueFrom(served$);
    const subscription = new Subscription();
    await new Promise<void>((resolve) => {
      subscription.add(dialSession(url, { codec }).subscribe(() => resolve()));
    });
    const server = await accepted;
    subscription.unsubscribe();
    expect((await firstValueFrom(server.closed$)).error).toBeUndefined();
  });

  it('sends what was written before it closes the session', async () => {
    const url = await serve('tcp://127.0.0.1:0');
    const accepted = firstValueFrom(served$);
    const subscription = dialSession(url, { codec }).subscribe((s) => {
      s.open().next(Buffer.alloc(200_000));
      queueMicrotask(() => subscription.unsubscribe());
    });
    const server = await accepted;
    await firstValueFrom(server.closed$);
    expect(server.conn.bytesRead).toBeGreaterThan(200_000);
  });

  it('closes at once a session of which only the first value is taken', async () => {
    const s = await firstValueFrom(dialSession(await serve('tcp://127.0.0.1:0'), { codec }));
    await expect(firstValueFrom(s.open())).rejects.toMatchObject({ code: 'ERR_MUX_CLOSED' });
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
      const webSocket = url.startsWith('ws') ? { webSocket: WebSocket } : {};
      const told = firstValueFrom(dialSession(url, { codec, ...webSocket }));
      await expect(told).rejects.toMatchObject({ code: 'ERR_MUX_CONNECT' });
    },
  );

  it.each([
    'localhost:80',
    'http://localhost:80',
    'tcp://localhost',
    'tcp://localhost:65536',
    'tcp://a:1/path',
    'tcp://u@a:1',
    'unix:',
    'ws://',
    '',
  ])('refuses the URL %p, and says how one is written', (url) => {
    const webSocket = url.startsWith('ws') ? { webSocket: WebSocket } : {};
    const dial = (): unknown => dialSession(url, { codec, ...webSocket });
    expect(dial).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    expect(dial).toThrow(/write '/);
  });

  it('refuses a WebSocket where the URL has none', () => {
    expect(() => dialSession('tcp://a:1', { codec, webSocket: WebSocket })).toThrow(
      /ERR_MUX_OPTION.*webSocket is for 'ws:/,
    );
  });

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

describe('reconnecting', () => {
  it('is retry: each time the socket is killed there is a new session', async () => {
    const url = await serve('tcp://127.0.0.1:0');
    const replies$ = dialSession(url, { codec }).pipe(
      switchMap((s, n) =>
        defer(() => echoed(s, `session ${n}`)).pipe(
          tap(() => served.at(-1)?.conn._destroy(undefined, true)),
          mergeWith(NEVER),
        ),
      ),
      retry({ delay: () => timer(0) }),
      take(4),
      toArray(),
    );
    expect(await firstValueFrom(replies$)).toEqual(['session 0', 'session 0', 'session 0', 'session 0']);
    expect(served).toHaveLength(4);
  });

  it('waits for a server that is down, and finds it when it is up again', async () => {
    const url = `unix:${join(folder, 'mux.sock')}`;
    const failures$ = new Subject<string>();
    const again$ = new Subject<void>();
    const delay = ({ code }: { readonly code: string }): Observable<void> => {
      queueMicrotask(() => failures$.next(code));
      return again$;
    };
    const sessions$ = new Subject<Session>();
    all.add(dialSession(url, { codec }).pipe(retry({ delay })).subscribe(sessions$));
    expect(await firstValueFrom(failures$)).toBe('ERR_MUX_CONNECT');
    await serve(url);
    again$.next();
    expect(await echoed(await firstValueFrom(sessions$), 'here')).toBe('here');

    all.remove(listening);
    listening.unsubscribe();
    served[0]?.conn._destroy(undefined, true);
    expect(await firstValueFrom(failures$)).toBe('ERR_MUX_TRANSPORT');
    again$.next();
    expect(await firstValueFrom(failures$)).toBe('ERR_MUX_CONNECT');
    await serve(url);
    again$.next();
    expect(await echoed(await firstValueFrom(sessions$), 'back')).toBe('back');
  });

  it('after an orderly end is repeat', async () => {
    const url = await serve('tcp://127.0.0.1:0');
    const replies$ = dialSession(url, { codec }).pipe(
      mergeMap((s) => defer(() => echoed(s, 'x')).pipe(tap(() => served.at(-1)?.goAway()))),
      repeat({ delay: () => timer(0) }),
      take(3),
      toArray(),
    );
    expect(await firstValueFrom(replies$)).toEqual(['x', 'x', 'x']);
    expect(served).toHaveLength(3);
  });
});

describe('reconnecting, in time', () => {
  const marbles = (): TestScheduler => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));

  /** WebSockets of which each opens after 100 ms, unless it never does, and is closed so many milliseconds later. */
  function flaky(
    lives: readonly (number | 'never')[],
    code: number,
    made: () => void,
  ): new (url: string) => FakeWebSocket {
    let count = 0;
    return class extends FakeWebSocket {
      constructor(url: string) {
        super(0, url);
        made();
        const life = lives[count++ % lives.length] ?? 'never';
        if (life !== 'never') timer(100).subscribe(() => this.emit('open', {}));
        timer(100 + (life === 'never' ? 0 : life)).subscribe(() => this.emit('close', { code, reason: '' }));
      }
    };
  }

  /** The recipe of docs/guide/sessions.md. */
  function recipe(options: DialSessionOptions): Observable<MuxStream> {
    let attempts = 0;
    const pause = (): Observable<unknown> =>
      timer((0.5 + Math.random() / 2) * Math.min(30_000, 1000 * 2 ** attempts++));
    return dialSession('ws://far/', options).pipe(
      retry({ delay: pause }),
      repeat({ delay: pause }),
      switchMap((s) => {
        const lasts$ = timer(10_000).pipe(
          tap(() => (attempts = 0)),
          ignoreElements(),
          takeUntil(s.closed$),
        );
        return merge(s.accept$, lasts$);
      }),
    );
  }

  const LOST = 1006;
  const ORDERLY = 1000;
  // Each attempt takes 200 ms; then 1 s, 2 s, 4 s, 8 s, 16 s and 30 s pass.
  const growing = 'x 1199ms x 2199ms x 4199ms x 8199ms x 16199ms x 30199ms x 30199ms x';
  // The third session lives for 10.5 s: behind it the pauses are short again. 0.5 of each pause is the least.
  const anew = 'x 699ms x 1199ms x 11099ms x 1199ms x';

  it.each<readonly [string, Codec, number, readonly (number | 'never')[], number, string, string]>([
    [
      'the other end is never reached',
      codec,
      LOST,
      ['never', 'never', 100],
      1,
      '^ 31s !',
      'x 1099ms x 2099ms x 4199ms x 8099ms x',
    ],
    ['every session is lost at once', codec, LOST, [100], 1, '^ 93s !', growing],
    ['every session gets a FIN at once', codec, ORDERLY, [100], 1, '^ 93s !', growing],
    ['every session ends in order at once', smux(), ORDERLY, [100], 1, '^ 93s !', growing],
    ['a session that lasted is lost', codec, LOST, [100, 100, 10_500], 0, '^ 15s !', anew],
    ['a session that lasted ended in order', smux(), ORDERLY, [100, 100, 10_500], 0, '^ 15s !', anew],
  ])(
    'the pauses grow, and begin anew behind a session that lasts: %s',
    (_when, spoken, code, lives, random, until, tries) => {
      const rolled = jest.spyOn(Math, 'random').mockReturnValue(random);
      marbles().run(({ expectObservable }) => {
        const made$ = new Subject<string>();
        const webSocket = flaky(lives, code, () => made$.next('x'));
        const streams$ = recipe({ codec: spoken, webSocket });
        const tries$ = merge(
          made$,
          defer(() => streams$.pipe(ignoreElements())),
        );
        expectObservable(tries$, until).toBe(tries);
      });
      rolled.mockRestore();
    },
  );

  it('a WebSocket that does not open in connectTimeoutMs is given up, and the session is not reached', () => {
    marbles().run(({ expectObservable, flush }) => {
      const sockets: FakeWebSocket[] = [];
      const webSocket = class extends FakeWebSocket {
        constructor(url: string) {
          super(0, url);
          sockets.push(this);
        }
      };
      const code$ = dialSession('ws://far/', { codec, webSocket, connectTimeoutMs: 300 }).pipe(
        ignoreElements(),
        catchError(({ code }: { readonly code: string }) => of(code)),
      );
      expectObservable(code$).toBe('300ms (c|)', { c: 'ERR_MUX_CONNECT' });
      flush();
      expect(sockets.map(({ closedWith }) => closedWith)).toEqual([[4000]]);
    });
  });
});
