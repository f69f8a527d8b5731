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
import { muxado } from '../../src/wire/index.js';
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

/** As the guide has it. */
const backoff = (_error: unknown, attempt: number): Observable<unknown> =>
  timer(Math.random() * Math.min(30_000, 500 * 2 ** attempt));

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

  /** WebSockets that fail 100 ms after they were made, those in `opening` after having been open for 900 ms. */
  function flaky(opening: readonly number[], made: () => void): new (url: string) => FakeWebSocket {
    let count = 0;
    return class extends FakeWebSocket {
      constructor(url: string) {
        super(0, url);
        made();
        const opens = opening.includes(count++);
        timer(100).subscribe(() => {
          if (opens) this.emit('open', {});
          else this.emit('close', { code: 1006, reason: '' });
        });
        if (opens) timer(1000).subscribe(() => this.emit('close', { code: 1006, reason: '' }));
      }
    };
  }

  it('the pauses double from one second to thirty, and begin anew once a session was there', () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(1);
    const scheduler = marbles();
    scheduler.run(({ expectObservable }) => {
      const made$ = new Subject<string>();
      const webSocket = flaky([7], () => made$.next('x'));
      const session$ = dialSession('ws://far/', { codec, webSocket }).pipe(
        retry({ delay: backoff, resetOnSuccess: true }),
      );
      // Each attempt takes 100 ms; then 1 s, 2 s, 4 s, 8 s, 16 s and 30 s pass, and 1 s after the eighth, which was open.
      const tries = 'x 1099ms x 2099ms x 4099ms x 8099ms x 16099ms x 30099ms x 30099ms x 1999ms x 2099ms x';
      expectObservable(
        merge(
          made$,
          defer(() => session$.pipe(ignoreElements())),
        ),
        '^ 96s !',
      ).toBe(tries);
    });
    random.mockRestore();
  });

  it('a session that ended in order is followed by another after the pause of repeat, and one that was lost after that of retry', () => {
    const scheduler = marbles();
    scheduler.run(({ expectObservable }) => {
      const made$ = new Subject<string>();
      const codes = [1000, 1006, 1000];
      const webSocket = class extends FakeWebSocket {
        constructor(url: string) {
          super(0, url);
          made$.next('x');
          const code = codes.shift() ?? 1006;
          timer(100).subscribe(() => this.emit('open', {}));
          timer(400).subscribe(() => this.emit('close', { code, reason: '' }));
        }
      };
      const session$ = dialSession('ws://far/', { codec, webSocket }).pipe(
        retry({ delay: () => timer(50), resetOnSuccess: true }),
        repeat({ delay: () => timer(1000) }),
        switchMap((s) => s.accept$),
      );
      expectObservable(
        merge(
          made$,
          defer(() => session$.pipe(ignoreElements())),
        ),
        '^ 3400ms !',
      ).toBe('x 1399ms x 449ms x 1399ms x');
    });
  });

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
