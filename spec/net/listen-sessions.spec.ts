import { afterEach, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { config, firstValueFrom, lastValueFrom, Subscription } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import { flowTo } from '../../src/flow/flow-to.js';
import { dial } from '../../src/net/dial.js';
import { dialSession } from '../../src/net/dial-session.js';
import { listenSessions, type ListenSessionsOptions } from '../../src/net/listen-sessions.js';
import type { Session } from '../../src/session/session.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';

let all = new Subscription();
const served: Session[] = [];
afterEach(() => {
  all.unsubscribe();
  all = new Subscription();
  for (const s of served.splice(0)) s.conn._destroy(undefined, false);
});

async function serve(
  scheme: string,
  options: ListenSessionsOptions,
): Promise<{ url: string; port: number; listening: Subscription }> {
  const listener = listenSessions(`${scheme}://127.0.0.1:0`, options);
  const bound = firstValueFrom(listener.address$);
  const listening = listener.subscribe((s) => {
    served.push(s);
    s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
  });
  all.add(listening);
  const address = await bound;
  const port = 'port' in address ? address.port : 0;
  return { url: `${scheme}://127.0.0.1:${port}`, port, listening };
}

async function echoed(s: Session, text: string): Promise<string> {
  const stream = s.open();
  stream.next(Buffer.from(text));
  return Buffer.from(await firstValueFrom(stream)).toString();
}

function dialled(...args: Parameters<typeof dialSession>): Promise<Session> {
  return new Promise((resolve, reject) => {
    all.add(dialSession(...args).subscribe({ next: resolve, error: reject }));
  });
}

const codecs = [muxado(), muxado({ version: 1 }), yamux(), smux()];

describe('listenSessions', () => {
  it.each(codecs)('tells $protocol from the others when it takes several', async (codec) => {
    const { url } = await serve('tcp', { codec: codecs });
    const s = await dialled(url, { codec });
    expect(await echoed(s, 'hello')).toBe('hello');
    expect(served[0]?.conn.protocol).toBe(codec.protocol);
  });

  it.each(codecs)('a server of $protocol that handles no error outlives clients that are killed', async (codec) => {
    const unhandled: unknown[] = [];
    config.onUnhandledError = (error) => unhandled.push(error);
    const { url } = await serve('tcp', { codec });
    for (let n = 0; n < 3; n++) {
      const s = await dialled(url, { codec });
      expect(await echoed(s, 'hello')).toBe('hello');
      const ended = firstValueFrom((served[n] as Session).closed$);
      s.conn._destroy(undefined, true);
      expect((await ended).error?.code).toBe('ERR_MUX_TRANSPORT');
    }
    await setImmediate();
    config.onUnhandledError = null;
    expect(unhandled).toEqual([]);
  });

  it.each(codecs)('tells $protocol from the others inside a WebSocket', async (codec) => {
    const webSocketServer = new WebSocketServer({ noServer: true });
    const { url } = await serve('ws', { codec: codecs, webSocketServer });
    expect(await echoed(await dialled(url, { codec, webSocket: WebSocket }), 'hello')).toBe('hello');
  });

  it('goes on when a connection is no session, and ends that one only', async () => {
    const { url, port } = await serve('tcp', { codec: yamux() });
    const stranger = await firstValueFrom(dial({ port, host: '127.0.0.1' }));
    stranger.next(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    stranger.complete();
    await lastValueFrom(stranger, { defaultValue: undefined });
    expect(served).toHaveLength(1);
    expect(await firstValueFrom((served[0] as Session).closed$)).toMatchObject({ error: { code: 'ERR_MUX_FRAME' } });
    expect(await echoed(await dialled(url, { codec: yamux() }), 'still here')).toBe('still here');
  });

  it('closes the port when it is unsubscribed, and leaves the sessions alone', async () => {
    const { url, listening } = await serve('tcp', { codec: yamux() });
    const s = await dialled(url, { codec: yamux() });
    await echoed(s, 'one');
    listening.unsubscribe();
    expect(await echoed(s, 'two')).toBe('two');
    await expect(dialled(url, { codec: yamux() })).rejects.toMatchObject({ code: 'ERR_MUX_CONNECT' });
  });

  it('errors when the port is taken', async () => {
    const { url } = await serve('tcp', { codec: yamux() });
    await expect(firstValueFrom(listenSessions(url, { codec: yamux() }))).rejects.toMatchObject({
      code: 'ERR_MUX_ADDRESS_IN_USE',
    });
  });

  it('lets the WebSocketServer decide its path', async () => {
    const webSocketServer = new WebSocketServer({ noServer: true, path: '/mux' });
    const { url } = await serve('ws', { codec: yamux(), webSocketServer });
    const options = { codec: yamux(), webSocket: WebSocket };
    expect(await echoed(await dialled(`${url}/mux`, options), 'hello')).toBe('hello');
    await expect(dialled(`${url}/other`, options)).rejects.toMatchObject({
      code: 'ERR_MUX_CONNECT',
      message: expect.stringContaining('400') as unknown,
    });
  });

  it('listens at every address for a URL without a host', async () => {
    const listener = listenSessions('tcp://:0', { codec: yamux() });
    const bound = firstValueFrom(listener.address$);
    all.add(listener.subscribe());
    expect(await bound).toMatchObject({ address: expect.stringMatching(/^::$|^0\.0\.0\.0$/) as unknown });
  });

  it('refuses, at the call, what can’t be meant, and says what to do', () => {
    const codec = yamux();
    const webSocketServer = new WebSocketServer({ noServer: true });
    const bad: readonly [string, ListenSessionsOptions, RegExp][] = [
      ['http://a:1', { codec }, /ERR_MUX_OPTION.*write 'tcp:/],
      ['tcp://a:1', { codec: [] }, /ERR_MUX_OPTION.*one or more/],
      ['tcp://a:1', { codec, maxStreams: -1 }, /ERR_MUX_OPTION.*maxStreams/],
      ['tcp://a:1', { codec: [codec, muxado()], windowBytes: 1 }, /ERR_MUX_OPTION.*windowBytes/],
      ['tcp://a:1', { codec, tls: {} }, /ERR_MUX_OPTION.*tls/],
      ['tcp://a:1', { codec, webSocketServer }, /ERR_MUX_OPTION.*webSocketServer/],
      ['tls://a:1', { codec }, /ERR_MUX_TLS_FILES.*certificate/],
      ['ws://a:1', { codec }, /ERR_MUX_OPTION.*noServer: true/],
      ['ws://a:1/mux', { codec, webSocketServer }, /ERR_MUX_OPTION.*path: '\/mux'/],
    ];
    for (const [url, options, message] of bad) expect(() => listenSessions(url, options)).toThrow(message);
  });
});
