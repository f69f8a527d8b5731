import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { concat, finalize, firstValueFrom, from, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import { muxReply, type MuxBody, type MuxReply } from '../../src/serve/mux-reply.js';
import { serveMux } from '../../src/serve/serve-mux.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { request, withServer, type RawResponse } from './mux-harness.js';

type Result = MuxBody | MuxReply | PromiseLike<MuxBody | MuxReply>;

interface Served extends RawResponse {
  readonly errors: readonly unknown[];
}

/** One request to a mux of one handler. */
async function serve(handle: () => Result, method = 'GET'): Promise<Served> {
  const errors: unknown[] = [];
  const mux = serveMux({ '/': handle }, { onError: (error) => errors.push(error) });
  const reply = await withServer(mux, (port) => request(port, `${method} / HTTP/1.1`));
  return { ...reply, errors };
}

const chunked = (...values: string[]): string =>
  [...values, ''].map((value) => `${value.length.toString(16)}\r\n${value}\r\n`).join('');

describe('a plain value', () => {
  it.each<[string, Result, string | undefined, string]>([
    ['a string as text', 'é', 'text/plain; charset=utf-8', 'é'],
    ['bytes as they are', Uint8Array.of(104, 105), 'application/octet-stream', 'hi'],
    ['an object as JSON', { a: [1] }, 'application/json', '{"a":[1]}'],
    ['an array as JSON', [1, 'x'], 'application/json', '[1,"x"]'],
    ['a number as JSON', 0, 'application/json', '0'],
    ['false as JSON', false, 'application/json', 'false'],
    ['what a promise gives', Promise.resolve('later'), 'text/plain; charset=utf-8', 'later'],
  ])('sends %s, with its length', async (_, result, type, body) => {
    const reply = await serve(() => result);
    expect(reply).toMatchObject({ status: 200, body, errors: [] });
    expect(reply.headers).toMatchObject({ 'content-type': type, 'content-length': String(Buffer.byteLength(body)) });
  });

  it.each<[string, Result]>([
    ['undefined', undefined],
    ['null', null],
    ['a promise of nothing', Promise.resolve(undefined)],
  ])('sends 204 for %s', async (_, result) => {
    const reply = await serve(() => result);
    expect(reply).toMatchObject({ status: 204, body: '', errors: [] });
    expect(reply.headers).not.toHaveProperty('content-length');
  });

  it('that JSON has no text for is a 500', async () => {
    const reply = await serve(() => () => 1);
    expect(reply).toMatchObject({ status: 500, errors: [{ name: 'TypeError' }] });
  });
});

describe('muxReply', () => {
  it('sets status and headers, repeated ones too', async () => {
    const reply = await serve(() =>
      muxReply({ status: 201, headers: { 'X-A': ['1', '2'], 'content-type': 'a/b' }, body: 'x' }),
    );
    expect(reply).toMatchObject({ status: 201, headers: { 'x-a': '2', 'content-type': 'a/b' }, body: 'x' });
  });

  it('without a body has none, and is 204 unless told otherwise', async () => {
    expect(await serve(() => muxReply({}))).toMatchObject({ status: 204 });
    expect(await serve(() => muxReply({ status: 202 }))).toMatchObject({
      status: 202,
      headers: { 'content-length': '0' },
    });
  });

  it('cannot break the framing of the response', async () => {
    const headers = { 'content-length': 99, 'transfer-encoding': 'chunked' };
    const reply = await serve(() => muxReply({ headers, body: 'x' }));
    expect(reply.headers['content-length']).toBe('1');
    expect(reply.headers).not.toHaveProperty('transfer-encoding');
  });

  it.each([
    ['longer', 'abc'],
    ['shorter', 'a'],
  ])('whose stream is %s than its content-length is cut off', async (_, text) => {
    const reply = await serve(() => muxReply({ headers: { 'content-length': 2 }, body: of(text) }));
    expect(reply.body).not.toContain('abc');
    expect(reply.errors).toMatchObject([{ code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' }]);
  });

  it.each([199, 600, 200.5, NaN])('refuses status %d', (status) => {
    expect(() => muxReply({ status })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it.each(['a\r\nSet-Cookie: b', 'a\nb', 'a\u0000'])(
    'with the header value %j is a 500 without that header',
    async (value) => {
      const reply = await serve(() => muxReply({ headers: { 'x-ok': '1', location: value }, body: of('x') }));
      expect(reply).toMatchObject({ status: 500, errors: [{ code: 'ERR_INVALID_CHAR' }] });
      expect(Object.keys(reply.headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'date']);
    },
  );
});

describe('a streamed body', () => {
  it.each<[string, () => Result]>([
    ['an Observable', () => of('ab', Buffer.from('c'))],
    ['a promise of an Observable', () => Promise.resolve(of('ab', 'c'))],
    ['an async iterable', () => Readable.from(['ab', Buffer.from('c')])],
  ])('of %s is sent chunk by chunk', async (_, handle) => {
    const reply = await serve(handle);
    expect(reply).toMatchObject({ status: 200, body: chunked('ab', 'c'), errors: [] });
    expect(reply.headers['content-type']).toBe('application/octet-stream');
  });

  it('may be empty', async () => {
    for (const body of [of(), Readable.from([])]) {
      expect(await serve(() => body)).toMatchObject({ status: 200, headers: { 'content-length': '0' }, body: '' });
    }
  });

  it.each<[string, (done: () => void) => Result]>([
    ['an Observable', (done) => concat(of('first'), NEVER).pipe(finalize(done))],
    ['an Observable that floods', (done) => from(Array<string>(64).fill('x'.repeat(65_536))).pipe(finalize(done))],
    [
      'an async iterable',
      (done) =>
        (async function* endless() {
          try {
            for (;;) yield await Promise.resolve('x');
          } finally {
            done();
          }
        })(),
    ],
  ])('of %s is left after its first chunk by HEAD', async (_, handle) => {
    let ended = 0;
    const reply = await serve(() => handle(() => ended++), 'HEAD');
    expect(reply).toMatchObject({ status: 200, body: '', errors: [] });
    expect(ended).toBe(1);
  });

  it('fails HEAD as it fails GET', async () => {
    expect(await serve(() => throwError(() => new Error('no')), 'HEAD')).toMatchObject({ status: 500, body: '' });
  });

  it('of another kind of value is a 500', async () => {
    const numbers$ = of(1) as unknown as Observable<string>;
    expect(await serve(() => numbers$)).toMatchObject({ status: 500, errors: [{ name: 'TypeError' }] });
  });
});

describe('an error', () => {
  const secret = new Error('secret');

  it.each<[string, () => Result]>([
    [
      'a throw',
      () => {
        throw secret;
      },
    ],
    ['a rejection', () => Promise.reject(secret)],
    ['an Observable', () => throwError(() => secret)],
    [
      'an async iterable',
      async function* () {
        await Promise.reject(secret);
      },
    ],
  ])('of %s before the headers is a 500 that tells nothing', async (_, handle) => {
    const reply = await serve(handle);
    expect(reply).toMatchObject({ status: 500, body: 'Internal Server Error\n', errors: [secret] });
    expect(JSON.stringify(reply.headers)).not.toContain('secret');
  });

  it.each<[string, (failure$: Observable<never>) => Result]>([
    ['an Observable', (failure$) => concat(of('some'), failure$)],
    [
      'an async iterable',
      async function* (failure$) {
        yield 'some';
        await firstValueFrom(failure$);
      },
    ],
  ])('of %s after the headers cuts the body off', async (_, handle) => {
    const errors: unknown[] = [];
    const failure$ = new Subject<never>();
    const mux = serveMux({ '/': () => handle(failure$) }, { onError: (error) => errors.push(error) });
    await withServer(mux, async (port) => {
      const [reply] = (await once(http.get({ port }), 'response')) as [IncomingMessage];
      const received: string[] = [];
      const read = async (): Promise<void> => {
        for await (const chunk of reply) {
          received.push(String(chunk));
          failure$.error(secret);
        }
      };
      await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(received).toEqual(['some']);
    });
    expect(errors).toEqual([secret]);
  });

  it('is a warning unless there is an onError', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const mux = serveMux({
      '/{x}': () => {
        throw secret;
      },
    });
    await withServer(mux, (port) => request(port, 'GET /private?token=1 HTTP/1.1'));
    const calls = warned.mock.calls;
    warned.mockRestore();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.[0]).toContain('secret');
    expect(JSON.stringify(calls)).not.toMatch(/private|token/);
  });

  it('has what a client sent, and a handler quotes, in one line', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const mux = serveMux({
      '/{id}': ({ params }) => {
        throw new Error(`no item ${params.id}`);
      },
    });
    await withServer(mux, (port) => request(port, 'GET /%1b[31mX%0a%20%20at%20forged HTTP/1.1'));
    const [text] = warned.mock.calls[0] ?? [];
    warned.mockRestore();
    const [first, second] = String(text).split('\n');
    expect(first).toBe('a handler failed: Error: no item \\u{1b}[31mX\\u{a}  at forged');
    expect(second).toMatch(/^ +at .*mux-reply\.spec/);
  });
});

describe('a client that is slow or leaves', () => {
  const chunk = 'x'.repeat(65_536);

  it('has an async iterable pulled at its pace', async () => {
    const waiting: number[] = [];
    const mux = serveMux({
      '/': async function* ({ res }) {
        for (let i = 0; i < 256; i++) {
          waiting.push(res.writableLength - res.writableHighWaterMark);
          yield await Promise.resolve(chunk);
        }
      },
    });
    await withServer(mux, async (port) => {
      const [reply] = (await once(http.get({ port }), 'response')) as [IncomingMessage];
      let received = 0;
      for await (const part of reply) received += (part as Buffer).length;
      expect(received).toBe(256 * chunk.length);
    });
    expect(Math.max(...waiting)).toBeLessThan(0);
  });

  it('holds a Conn back', async () => {
    const [source, body] = memoryPipe();
    const write = async (): Promise<void> => {
      const writer = source.writable.getWriter();
      for (let i = 0; i < 64; i++) await writer.write(Buffer.from(chunk));
      await writer.close();
    };
    const [reply] = await Promise.all([serve(() => body), write()]);
    expect(reply.errors).toEqual([]);
    expect(reply.body.length).toBeGreaterThan(64 * chunk.length);
  });

  it('overflows an Observable that does not wait, and is cut off', async () => {
    const { body, errors } = await serve(() => from(Array<string>(64).fill(chunk)));
    expect(body.length).toBeLessThan(64 * chunk.length);
    expect(errors).toMatchObject([{ code: 'ERR_MUX_OVERFLOW' }]);
  });

  it('unsubscribes an Observable', async () => {
    await new Promise<void>((resolve, reject) => {
      withServer(serveMux({ '/': () => concat(of('first'), NEVER).pipe(finalize(resolve)) }), leave).catch(reject);
    });
  });

  it('closes an async iterable, even one that is waiting', async () => {
    await new Promise<unknown>((resolve, reject) => {
      const results = [{ value: 'first', done: false as const }];
      const iterator: AsyncIterator<string> = {
        next: () => {
          const result = results.shift();
          return result === undefined ? new Promise(() => {}) : Promise.resolve(result);
        },
        return: () => {
          resolve(null);
          return Promise.resolve({ value: undefined, done: true });
        },
      };
      withServer(serveMux({ '/': () => ({ [Symbol.asyncIterator]: () => iterator }) }), leave).catch(reject);
    });
  });

  it('has a failure to close an async iterable reported', async () => {
    const failure = new Error('cannot close');
    const reported = await new Promise<unknown>((resolve, reject) => {
      const mux = serveMux(
        {
          '/': async function* () {
            try {
              for (;;) yield await Promise.resolve(chunk);
            } finally {
              await Promise.reject(failure);
            }
          },
        },
        { onError: resolve },
      );
      withServer(mux, leave).catch(reject);
    });
    expect(reported).toBe(failure);
  });

  async function leave(port: number): Promise<void> {
    const [reply] = (await once(http.get({ port }), 'response')) as [IncomingMessage];
    await once(reply, 'data');
    reply.destroy();
    await once(reply, 'close');
  }
});
