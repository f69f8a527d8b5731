import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import { FakeWebSocket } from '../conn/fake-web-socket.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { dialSession } from '../../src/net/dial-session.js';
import { terminateWebSocket } from '../../src/net/terminate-web-socket.js';
import { session } from '../../src/session/session.js';
import { CODECS, pattern, readAll, sha256 } from '../session/session-ends.js';

const MAX = 16_384;

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

/** A server of `ws` that takes messages of at most 16 KiB. */
async function serverOf(onClient: (client: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MAX });
  downs.push(() => server.close());
  server.on('connection', (client) => {
    downs.push(() => client.terminate());
    client.on('error', () => undefined);
    onClient(client);
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('maxMessageBytes', () => {
  test.each([
    [undefined, 200_000, [65_536, 65_536, 65_536, 3392]],
    [1000, 2500, [1000, 1000, 500]],
    [1000, 1000, [1000]],
  ])('%p cuts %d bytes into %p', (maxMessageBytes, length, messages) => {
    const socket = new FakeWebSocket();
    const bytes = pattern(length);
    fromWebSocket(socket, maxMessageBytes === undefined ? {} : { maxMessageBytes }).next(bytes);
    expect(socket.sent.map((message) => message.length)).toEqual(messages);
    expect(sha256(Buffer.concat(socket.sent))).toBe(sha256(bytes));
  });

  test('cuts what was written before the WebSocket was open, too', () => {
    const socket = new FakeWebSocket(0);
    fromWebSocket(socket, { maxMessageBytes: 10 }).next(pattern(25));
    socket.emit('open', {});
    expect(socket.sent.map((message) => message.length)).toEqual([10, 10, 5]);
  });

  test.each(CODECS)('a session of %s passes a server whose maxPayload is as low', async (_name, codec) => {
    const body = pattern(300_000);
    const url = await serverOf((client) => {
      const far = session(fromWebSocket(client), { codec, role: 'server' });
      far.accept$.subscribe((stream) => void readAll(stream).then((all) => stream.next(Buffer.from(sha256(all)))));
    });
    const dialled = dialSession(url, { codec, webSocket: WebSocket, maxMessageBytes: MAX });
    const reply = await new Promise<string>((resolve, reject) => {
      const living = dialled.subscribe({
        next: (near) => {
          const stream = near.open();
          stream.subscribe({ next: (bytes) => resolve(Buffer.from(bytes).toString()), error: reject });
          stream.next(body);
          stream.complete();
        },
        error: reject,
      });
      downs.push(() => living.unsubscribe());
    });
    expect(reply).toBe(sha256(body));
  });

  test('a peer that takes no message so long says so: ERR_MUX_OVERFLOW with 1009', async () => {
    const url = await serverOf(() => undefined);
    const conn = fromWebSocket(new WebSocket(url));
    conn.subscribe({ error: () => undefined });
    conn.next(new Uint8Array(MAX + 1));
    const { error } = await firstValueFrom(conn.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_OVERFLOW', wireCode: 1009, initiator: 'remote' });
    expect(error?.message).toMatch(/lower maxMessageBytes, 65536 here/);
  });

  test.each([0, 1.5, -1])('%p is refused, and so is one for what is no WebSocket', (maxMessageBytes) => {
    const codec = CODECS[0]?.[1] as (typeof CODECS)[number][1];
    const refused = '[ERR_MUX_OPTION]';
    const upgrader = new WebSocketServer({ noServer: true });
    expect(() => fromWebSocket(new FakeWebSocket(), { maxMessageBytes })).toThrow(refused);
    expect(() => terminateWebSocket(upgrader, { maxMessageBytes })).toThrow(refused);
    expect(() => dialSession('ws://127.0.0.1/', { codec, maxMessageBytes, webSocket: WebSocket })).toThrow(refused);
    expect(() => dialSession('tcp://127.0.0.1:1', { codec, maxMessageBytes: 1 })).toThrow(refused);
  });
});

describe('the longest message that is taken', () => {
  const MIB = 1 << 20;
  const bounds = [
    ['of 1 MiB, where ws has its own bound', undefined, MIB],
    ['of 1 MiB, where ws has none', 0, MIB],
    ['that the program chose, lower', MIB / 2, MIB / 2],
    ['that the program chose, higher', 2 * MIB, 2 * MIB],
  ] as const;
  const ways = [
    ['in one piece', false, (far: WebSocket, bytes: Uint8Array) => far.send(bytes)],
    [
      'in fragments',
      false,
      (far: WebSocket, bytes: Uint8Array) => {
        far.send(bytes.subarray(0, 1000), { fin: false });
        far.send(bytes.subarray(1000), { fin: true });
      },
    ],
    ['deflated', true, (far: WebSocket, bytes: Uint8Array) => far.send(bytes)],
  ] as const;

  /** A client of `ws` and the WebSocket at the server, joined; `server` bounds what it takes, or the client. */
  async function joined(isServer: boolean, maxPayload: number | undefined, perMessageDeflate: boolean) {
    const own = maxPayload === undefined ? {} : { maxPayload };
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate,
      ...(isServer ? own : {}),
    });
    downs.push(() => server.close());
    const far = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const near = new WebSocket(url, { perMessageDeflate, ...(isServer ? {} : own) });
    // A WebSocket that is still connecting, or one that is open.
    const taken = isServer ? undefined : fromWebSocket(near);
    const accepted = await far;
    downs.push(() => near.terminate());
    const sender = isServer ? near : accepted;
    if (sender.readyState !== WebSocket.OPEN) await once(sender, 'open');
    return { conn: taken ?? fromWebSocket(accepted), sender: sender.on('error', () => undefined) };
  }

  test.each(
    [true, false].flatMap((isServer) =>
      bounds.flatMap(([bound, maxPayload, longest]) =>
        ways.map((way) => [bound, way[0], isServer, maxPayload, longest, way[1], way[2]] as const),
      ),
    ),
  )('is one %s, %s (server: %p)', async (_bound, _way, isServer, maxPayload, longest, isDeflated, send) => {
    const { conn, sender } = await joined(isServer, maxPayload, isDeflated);
    const errors: string[] = [];
    let read = 0;
    const got = new Promise<void>((resolve) => {
      conn.subscribe({
        next: (bytes) => {
          read += bytes.length;
          if (read === longest) resolve();
        },
        error: (error: { readonly code: string }) => errors.push(error.code),
      });
    });
    send(sender, new Uint8Array(longest));
    await got;
    send(sender, new Uint8Array(longest + 1));
    const [code] = (await once(sender, 'close')) as [number];
    await firstValueFrom(conn.closed$);
    expect([read, code, errors]).toEqual([longest, 1009, [expect.stringMatching(/^ERR_MUX_/)]]);
  });
});
