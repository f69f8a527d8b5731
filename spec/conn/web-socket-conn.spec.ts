import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { firstValueFrom, VirtualTimeScheduler } from 'rxjs';
import { WebSocket as BrowserWebSocket } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import type { Conn } from '../../src/conn/conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import type { WebSocketTransport } from '../../src/conn/web-socket-transport.js';
import { MuxError } from '../../src/errors.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { session, type Session } from '../../src/session/session.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { FakeNodeWebSocket, FakeWebSocket, joined } from './fake-web-socket.js';

const KIB = 1024;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a Conn gives its reader, written down. */
function reading(conn: Conn): { text: string; end: string | undefined } {
  const seen = { text: '', end: undefined as string | undefined };
  conn.subscribe({
    next: (chunk) => (seen.text += Buffer.from(chunk).toString()),
    complete: () => (seen.end = 'complete'),
    error: ({ code }: { readonly code: string }) => (seen.end = code),
  });
  return seen;
}

function echo(s: Session): void {
  s.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
}

async function echoed(s: Session, body: Buffer): Promise<boolean> {
  const stream = s.open();
  stream.next(body);
  stream.complete();
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).equals(body);
}

describe('a Conn over a WebSocket', () => {
  it('sends binary messages, and asks for what comes as ArrayBuffers', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    const seen = reading(conn);
    conn.next(bytes('ping'));
    conn.next(new Uint8Array(0));
    socket.receive(bytes('po'));
    socket.receive(bytes('ng'));
    expect([socket.binaryType, socket.sent, seen.text]).toEqual(['arraybuffer', [bytes('ping')], 'pong']);
    expect([conn.bytesRead, conn.bytesWritten]).toEqual([4, 4]);
  });

  const shapes: readonly [string, (messages: Uint8Array[]) => Uint8Array[]][] = [
    [
      'messages of one byte',
      (messages) => messages.flatMap((message) => Array.from(message, (byte) => Uint8Array.of(byte))),
    ],
    ['one message for many frames', (messages) => [Buffer.concat(messages)]],
    [
      'cuts at every seventh byte',
      (messages) =>
        Buffer.concat(messages)
          .toString('latin1')
          .match(/[^]{1,7}/g)
          ?.map((cut) => Buffer.from(cut, 'latin1')) ?? [],
    ],
  ];
  const codecs = [muxado(), muxado({ version: 1 }), yamux(), smux()];
  it.each(
    shapes.flatMap(([name, reshape]) => codecs.map((codec) => ({ name, reshape, codec, protocol: codec.protocol }))),
  )('session case 67: carries frames of $protocol split and merged into $name', async ({ reshape, codec }) => {
    const [near, far] = joined(reshape);
    const client = session(fromWebSocket(near), { codec, role: 'client' });
    echo(session(fromWebSocket(far), { codec, role: 'server' }));
    expect(await echoed(client, Buffer.alloc(3000, 'abcdefg'))).toBe(true);
    client.close();
    expect((await firstValueFrom(client.closed$)).error).toBeUndefined();
  });

  it('session case 67: a text message is an error, and the WebSocket is closed as RFC 6455 says', () => {
    const socket = new FakeWebSocket();
    const seen = reading(fromWebSocket(socket));
    socket.emit('message', { data: 'hello' });
    expect([seen.end, socket.closedWith]).toEqual(['ERR_MUX_FRAME', [1003]]);
  });

  it('session case 67: a text message ends a session, and its cause tells why', async () => {
    const socket = new FakeWebSocket();
    const s = session(fromWebSocket(socket), { codec: yamux(), role: 'client' });
    const stream = reading(s.open());
    socket.emit('message', { data: '{}' });
    const { error } = await firstValueFrom(s.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_TRANSPORT', cause: { code: 'ERR_MUX_FRAME' } });
    expect(stream.end).toBe('ERR_MUX_TRANSPORT');
  });
});

describe('a full WebSocket', () => {
  it('session case 67: lets writers wait, and is asked now and then whether it has sent', () => {
    const scheduler = new VirtualTimeScheduler();
    scheduler.maxFrames = 1000;
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { scheduler });
    socket.bufferedAmount = 256 * KIB;
    expect([conn._write(bytes('x')), conn.needsDrain, conn.bufferedBytes]).toEqual([false, true, 256 * KIB]);
    const drained = jest.fn();
    const forgotten = jest.fn();
    conn._drained(drained);
    conn._drained(forgotten)();
    scheduler.schedule(() => expect(drained).not.toHaveBeenCalled(), 499);
    scheduler.schedule(() => (socket.bufferedAmount = 256 * KIB - 1), 500);
    scheduler.flush();
    expect([drained.mock.calls.length, forgotten.mock.calls.length, conn.needsDrain]).toEqual([1, 0, false]);
    // Nobody waits: no timer is left.
    expect([scheduler.actions.length, scheduler.now() < 520]).toEqual([0, true]);
  });

  it('session case 67: is given no more by a session, which goes on when it has sent', () => {
    const scheduler = new VirtualTimeScheduler();
    const socket = new FakeWebSocket();
    socket.onSend = (sent) => (socket.bufferedAmount += sent.length);
    const options = { codec: smux({ version: 1 }), role: 'client', scheduler, keepAlive: false } as const;
    const s = session(fromWebSocket(socket, { scheduler }), options);
    const stream = s.open();
    for (let i = 0; i < 16; i++) stream._write(Buffer.alloc(64 * KIB));
    s._life.core.writer.flush();
    const held = socket.bufferedAmount;
    expect([held > 200 * KIB, held < 600 * KIB]).toEqual([true, true]);
    for (let round = 0; round < 8; round++) {
      socket.bufferedAmount = 0;
      scheduler.maxFrames = scheduler.now() + 10;
      scheduler.flush();
    }
    expect(Buffer.concat(socket.sent).length).toBeGreaterThan(1024 * KIB);
    s.error(new Error('done'));
  });

  it('ends the connection when next goes past the send buffer', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { sendBufferBytes: 1000 });
    const seen = reading(conn);
    socket.bufferedAmount = 1001;
    conn.next(bytes('x'));
    expect([seen.end, socket.closedWith, conn.bufferedBytes]).toEqual(['ERR_MUX_OVERFLOW', [4000], 0]);
  });

  it('lets go of those who wait when it is closed', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { scheduler: new VirtualTimeScheduler() });
    socket.bufferedAmount = 1 << 20;
    const drained = jest.fn();
    conn._drained(drained);
    socket.emit('close', { code: 1006, reason: '' });
    expect(drained).toHaveBeenCalledTimes(1);
  });
});

describe('the callback of a write', () => {
  it('is called by ws itself, with the last message of the chunk alone', () => {
    const socket = new FakeNodeWebSocket();
    const conn = fromWebSocket(socket, { maxMessageBytes: 4 });
    const done = jest.fn();
    conn._write(bytes('12345678'), done);
    expect([socket.sent, done.mock.calls]).toEqual([[bytes('1234'), bytes('5678')], []]);
    const [first, last] = socket.callbacks;
    expect(first).toBeUndefined();
    (last as () => void)();
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('waits in browsers until there is room again', () => {
    const socket = new FakeWebSocket();
    const scheduler = new VirtualTimeScheduler();
    const conn = fromWebSocket(socket, { scheduler });
    const done = jest.fn();
    conn._write(bytes('room'), done);
    expect(done.mock.calls).toEqual([[undefined]]);
    socket.bufferedAmount = 256 * KIB;
    conn._write(bytes('none'), done);
    expect(done).toHaveBeenCalledTimes(1);
    socket.bufferedAmount = 0;
    scheduler.maxFrames = 20;
    scheduler.flush();
    expect(done.mock.calls).toEqual([[undefined], [undefined]]);
  });

  it('says that bytes are never sent when it is closed first', () => {
    const [full, early] = [new FakeWebSocket(), new FakeWebSocket(0)];
    full.bufferedAmount = 256 * KIB;
    for (const socket of [full, early]) {
      const done = jest.fn();
      fromWebSocket(socket, { scheduler: new VirtualTimeScheduler() })._write(bytes('lost'), done);
      expect(done).not.toHaveBeenCalled();
      socket.emit('close', { code: 1006, reason: '' });
      expect(done.mock.calls).toEqual([[expect.any(MuxError)]]);
    }
  });

  it('comes at once for no bytes, which make no message', () => {
    const socket = new FakeNodeWebSocket();
    const done = jest.fn();
    expect([fromWebSocket(socket)._write(new Uint8Array(0), done), socket.sent]).toEqual([true, []]);
    expect(done.mock.calls).toEqual([[]]);
  });
});

describe('a reader that is slow', () => {
  it('holds back a WebSocket that can be held back, and lets it go on when it has read', () => {
    const socket = new FakeNodeWebSocket();
    const conn = fromWebSocket(socket);
    socket.receive(Buffer.alloc(255 * KIB));
    expect(socket.calls).toEqual([]);
    socket.receive(Buffer.alloc(KIB));
    socket.receive(Buffer.alloc(KIB));
    expect(socket.calls).toEqual(['pause']);
    conn.subscribe();
    expect(socket.calls).toEqual(['pause', 'resume']);
  });

  it('ends, past the receive buffer, one that cannot be held back', async () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { receiveBufferBytes: 1000 });
    socket.receive(Buffer.alloc(1000));
    expect(socket.closedWith).toEqual([]);
    socket.receive(Buffer.alloc(1));
    expect(socket.closedWith).toEqual([4000]);
    expect(await firstValueFrom(conn.closed$)).toMatchObject({ error: { code: 'ERR_MUX_OVERFLOW' } });
  });

  it('drops what comes after it has left', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { receiveBufferBytes: 10 });
    conn.subscribe().unsubscribe();
    for (let i = 0; i < 5; i++) socket.receive(Buffer.alloc(9));
    expect([conn.bytesRead, socket.closedWith]).toEqual([45, []]);
  });

  it('takes a receive buffer of one byte or more', () => {
    expect(() => fromWebSocket(new FakeWebSocket(), { receiveBufferBytes: 0 })).toThrow('ERR_MUX_OPTION');
  });
});

describe('the beginning of a WebSocket', () => {
  it('keeps what is written before it is open, in order', () => {
    const socket = new FakeWebSocket(0);
    const conn = fromWebSocket(socket);
    conn.next(bytes('one '));
    conn.next(bytes('two '));
    expect(conn.bufferedBytes).toBe(8);
    socket.emit('open', {});
    conn.next(bytes('three'));
    expect([socket.text, conn.bufferedBytes]).toEqual(['one two three', 0]);
  });

  it('closes one that is complete before it is open, after what was written', () => {
    const socket = new FakeWebSocket(0);
    const conn = fromWebSocket(socket);
    conn.next(bytes('all'));
    conn.complete();
    expect(socket.closedWith).toEqual([]);
    socket.emit('open', {});
    expect([socket.text, socket.closedWith]).toEqual(['all', [1000]]);
  });

  it('is an error of its own when it never opens', () => {
    const socket = new FakeWebSocket(0);
    const conn = fromWebSocket(socket);
    const seen = reading(conn);
    const error = new Error('connect ECONNREFUSED');
    socket.emit('error', { message: error.message, error });
    socket.emit('close', { code: 1006, reason: '' });
    expect(seen.end).toBe('ERR_MUX_CONNECT');
    conn.closed$.subscribe((closed) => expect(closed.error).toMatchObject({ cause: error }));
    expect.assertions(2);
  });

  it('is over at once for one that is closed already', () => {
    expect(reading(fromWebSocket(new FakeWebSocket(3))).end).toBe('ERR_MUX_CLOSED');
  });

  it('tells the addresses of what it runs over, and whether that is encrypted', () => {
    const over = { remoteAddress: '203.0.113.7', remotePort: 5, localAddress: '::1', localPort: 443, encrypted: true };
    expect(fromWebSocket(new FakeWebSocket(), { over })).toMatchObject(over);
    expect(fromWebSocket(new FakeWebSocket(1, 'wss://fake/')).encrypted).toBe(true);
    expect(fromWebSocket(new FakeWebSocket()).encrypted).toBe(false);
  });
});

describe('the end of a WebSocket', () => {
  it.each([1000, 1005])('completes when the peer closes with %d', (code) => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    const seen = reading(conn);
    const closed = jest.fn();
    conn.closed$.subscribe(closed);
    socket.receive(bytes('last words'));
    socket.emit('close', { code, reason: '' });
    expect([seen, closed.mock.calls]).toEqual([{ text: 'last words', end: 'complete' }, [[{}]]]);
  });

  it.each([1001, 1006, 1011, 4000])('errors when it is closed with %d, and tells the code', (code) => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    const seen = reading(conn);
    const closed = jest.fn();
    conn.closed$.subscribe(closed);
    socket.emit('close', { code, reason: 'so "long"' });
    expect(seen.end).toBe('ERR_MUX_RESET');
    const error = expect.objectContaining({
      wireCode: code,
      message: expect.stringContaining('"so \\"long\\""') as unknown,
    });
    expect(closed).toHaveBeenCalledWith({ error });
  });

  it('completes by a close with 1000, and writes nothing after it', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    conn.complete();
    expect([conn._write(bytes('late')), socket.sent, socket.closedWith]).toEqual([true, [], [1000]]);
  });

  it('says of writes after it that they are never sent, also of one that was not open yet', () => {
    const sockets = [new FakeWebSocket(), new FakeWebSocket(0), new FakeNodeWebSocket()];
    for (const socket of sockets) {
      const conn = fromWebSocket(socket);
      const done = jest.fn();
      conn.complete();
      conn._write(bytes('late'), done);
      socket.emit('open', {});
      expect([done.mock.calls, socket.sent, conn.bytesWritten]).toEqual([[[expect.any(MuxError)]], [], 0]);
    }
  });

  it('refuses what is written while it is closing', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    const done = jest.fn();
    socket.readyState = 2;
    conn._write(bytes('late'), done);
    expect([done.mock.calls, socket.sent]).toEqual([[[expect.any(MuxError)]], []]);
  });

  it('is an overflow with 1009: the other end takes no message of that length', () => {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket);
    const seen = reading(conn);
    const closed = jest.fn();
    conn.closed$.subscribe(closed);
    socket.emit('close', { code: 1009, reason: '' });
    const error = expect.objectContaining({ code: 'ERR_MUX_OVERFLOW', wireCode: 1009, initiator: 'remote' }) as unknown;
    expect([seen.end, closed.mock.calls]).toEqual(['ERR_MUX_OVERFLOW', [[{ error }]]]);
  });

  it('is cut off by an error, and in a browser closed with a code that is no orderly end', () => {
    const [browser, node] = [new FakeWebSocket(), new FakeNodeWebSocket()];
    const seen = [browser, node].map((socket) => {
      const conn = fromWebSocket(socket);
      const read = reading(conn);
      conn.error(new Error('had enough'));
      return read.end;
    });
    expect([seen, browser.closedWith, node.calls]).toEqual([['ERR_MUX_ABORT', 'ERR_MUX_ABORT'], [4000], ['terminate']]);
  });

  it('is cut off when its reader leaves after its own side is complete', () => {
    const socket = new FakeNodeWebSocket();
    const conn = fromWebSocket(socket);
    const subscription = conn.subscribe();
    conn.complete();
    subscription.unsubscribe();
    expect(socket.calls).toEqual(['terminate']);
  });
});

describe('over the network', () => {
  const downs: (() => unknown)[] = [];
  afterEach(() => {
    for (const down of downs.splice(0)) down();
  });

  /** A port on which each WebSocket carries a session that echoes; its sockets are given to `accepted`. */
  async function served(accepted: (socket: WebSocket) => void = () => undefined): Promise<string> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    downs.push(() => server.close());
    server.on('connection', (socket, { socket: over }) => {
      downs.push(() => socket.terminate());
      accepted(socket);
      echo(session(fromWebSocket(socket, { over }), { codec: muxado(), role: 'server' }));
    });
    await once(server, 'listening');
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const clients: readonly [string, new (url: string) => WebSocketTransport][] = [
    ['ws', WebSocket],
    ['a browser, as undici has it,', BrowserWebSocket],
  ];
  it.each(clients)(
    'a session over a WebSocket of %s carries a megabyte both ways, and ends in order',
    async (_of, Client) => {
      const s = session(fromWebSocket(new Client(await served())), { codec: muxado(), role: 'client' });
      expect(await echoed(s, Buffer.alloc(1 << 20, 'abcdefg'))).toBe(true);
      s.close();
      expect(await firstValueFrom(s.closed$)).toMatchObject({ initiator: 'local' });
      expect((await firstValueFrom(s.closed$)).error).toBeUndefined();
    },
  );

  it.each(clients)('a server that is killed is an error of a session over a WebSocket of %s', async (_of, Client) => {
    const url = await served((socket) => setImmediate(() => socket.terminate()));
    const s = session(fromWebSocket(new Client(url)), { codec: muxado(), role: 'client' });
    const { error } = await firstValueFrom(s.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_TRANSPORT', cause: { code: 'ERR_MUX_RESET', wireCode: 1006 } });
  });
});
