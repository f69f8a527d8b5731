import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { of, Subject } from 'rxjs';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { terminateWebSocket } from '../../src/net/terminate-web-socket.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { websocket } from '../../src/sniff/matchers/websocket.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

const REQUEST = Buffer.from(
  'GET /mux HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
);

const clients: WebSocket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.terminate();
});

/** The stage with a source of our own, and what it gave. */
function staged(server = new WebSocketServer({ noServer: true })): {
  readonly conns$: Subject<Conn>;
  readonly inner: Conn[];
  readonly completed: jest.Mock;
  readonly unsubscribe: () => void;
} {
  const conns$ = new Subject<Conn>();
  const inner: Conn[] = [];
  const completed = jest.fn();
  const subscription = conns$
    .pipe(terminateWebSocket(server))
    .subscribe({ next: (conn) => inner.push(conn), complete: completed });
  return { conns$, inner, completed, unsubscribe: () => subscription.unsubscribe() };
}

function client(near: Conn): WebSocket {
  const socket = new WebSocket('ws://pipe/mux', {
    createConnection: () => near.duplex() as never,
    perMessageDeflate: false,
  });
  socket.on('error', () => undefined);
  clients.push(socket);
  return socket;
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('terminateWebSocket', () => {
  it('refuses what is no WebSocketServer at the call', () => {
    expect(() => terminateWebSocket({ noServer: true } as never)).toThrow('[ERR_MUX_OPTION] WebSockets need');
  });

  it('emits the connection inside, with the addresses and the meta of the one outside', async () => {
    const [near, far] = memoryPipe();
    const { conns$, inner } = staged();
    of(far)
      .pipe(sniff(websocket(), http1()))
      .subscribe((conn) => conns$.next(conn));
    const socket = client(near);
    await once(socket, 'open');
    const [conn] = inner;
    expect(conn).toMatchObject({ remoteAddress: '192.0.2.2', remotePort: 50_000, encrypted: false, protocol: '' });
    expect(conn?.meta.websocket).toMatchObject({ path: '/mux' });
  });

  it('loses no message that comes with the handshake', async () => {
    const [near, far] = memoryPipe();
    const { conns$, inner } = staged();
    // RFC 6455 section 5.7: a masked message "Hello", here binary.
    const message = Buffer.from('828537fa213d7f9f4d5158', 'hex');
    near.next(Buffer.concat([REQUEST, message]));
    conns$.next(far);
    await turns();
    let text = '';
    inner[0]?.subscribe({ next: (chunk) => (text += Buffer.from(chunk).toString()), error: () => undefined });
    await turns();
    expect(text).toBe('Hello');
    near.error(new Error('over'));
  });

  it('answers 426 to a request that asks for no WebSocket, and goes on', async () => {
    const [near, far] = memoryPipe();
    const { conns$, inner, completed } = staged();
    let reply = '';
    near.subscribe({ next: (chunk) => (reply += Buffer.from(chunk).toString()), error: () => undefined });
    near.next(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    conns$.next(far);
    await turns();
    expect(reply).toMatch(/^HTTP\/1.1 426 /);
    expect([inner.length, completed.mock.calls.length]).toEqual([0, 0]);
  });

  it('completes with its source once no handshake is under way', async () => {
    const pipes = [memoryPipe(), memoryPipe()];
    const { conns$, inner, completed } = staged();
    for (const [, far] of pipes) conns$.next(far);
    conns$.complete();
    expect(completed).not.toHaveBeenCalled();
    const [[good], [leaving]] = pipes as [readonly [Conn, Conn], readonly [Conn, Conn]];
    await once(client(good), 'open');
    expect(completed).not.toHaveBeenCalled();
    leaving.error(new Error('gone'));
    await turns();
    expect([inner.length, completed.mock.calls.length]).toEqual([1, 1]);
  });

  it('destroys the connections in handshake when it is unsubscribed, and no other', async () => {
    const [[near, far], [slow, slowFar]] = [memoryPipe(), memoryPipe()];
    const { conns$, inner, unsubscribe } = staged();
    conns$.next(far);
    conns$.next(slowFar);
    const socket = client(near);
    await once(socket, 'open');
    const ended = jest.fn();
    slow.subscribe({ error: ended });
    slow.next(REQUEST.subarray(0, 20));
    unsubscribe();
    await turns();
    expect(ended).toHaveBeenCalledTimes(1);
    const echo = once(socket, 'message');
    inner[0]?.next(Buffer.from('still here'));
    expect(await echo).toEqual([Buffer.from('still here'), true]);
  });

  it('passes over a connection that is gone already', async () => {
    const [near, far] = memoryPipe();
    const { conns$, completed } = staged();
    near.error(new Error('gone'));
    conns$.next(far);
    conns$.complete();
    await turns();
    expect(completed).toHaveBeenCalledTimes(1);
  });
});
