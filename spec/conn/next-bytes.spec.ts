import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { UsageError } from '../../src/errors.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { loopback, readAll } from '../net/loopback.js';
import { log, rawPeer } from '../session/raw-peer.js';
import { Clock, CODECS, hello, turn } from '../session/session-ends.js';
import { FakeWebSocket } from './fake-web-socket.js';

const NO_BYTES: readonly (readonly [what: string, value: unknown])[] = [
  ['a text', 'hello'],
  ['an empty text', ''],
  ['an ArrayBuffer', new ArrayBuffer(3)],
  ['a DataView', new DataView(new ArrayBuffer(3))],
  ['numbers of 16 bits', Uint16Array.of(0x101, 2)],
  ['a list of numbers', [1, 2, 3]],
  ['an object with a length', { length: 3 }],
  ['an object', {}],
  ['a number', 5],
  ['null', null],
  ['undefined', undefined],
];

/** What each of them leads to. */
function outcomes(conn: Conn): readonly string[] {
  return NO_BYTES.map(([what, value]) => {
    try {
      conn.next(value as Uint8Array);
      return `${what}: nothing`;
    } catch (error) {
      return `${what}: ${error instanceof UsageError ? error.code : String(error)}`;
    }
  });
}

const refused = NO_BYTES.map(([what]) => `${what}: ERR_MUX_USAGE`);

interface Sending {
  readonly conn: Conn;
  /** All that got to the other end, when the connection has ended its side. */
  readonly received: () => Promise<string>;
  readonly close: () => void;
}

async function socket(): Promise<Sending> {
  const server = await loopback();
  const accepted = firstValueFrom(server.conns$);
  const client = await server.connect();
  const all = readAll(client);
  return { conn: await accepted, received: async () => (await all).toString(), close: () => server.close() };
}

function duplex(): Sending {
  const through = new PassThrough();
  const received = async (): Promise<string> => Buffer.concat(await through.toArray()).toString();
  return { conn: fromDuplex(through), received, close: () => void through.destroy() };
}

function pipe(): Sending {
  const [conn, far] = memoryPipe();
  const seen = log(far);
  return { conn, received: () => Promise.resolve(seen.join('')), close: () => conn.error('done') };
}

function webSocket(): Sending {
  const fake = new FakeWebSocket();
  const conn = fromWebSocket(fake);
  return { conn, received: () => Promise.resolve(fake.text), close: () => conn.error('done') };
}

test.each([
  ['a TCP connection', socket, 'hello'],
  ['a Conn over a Duplex', duplex, 'hello'],
  ['a memory pipe', pipe, 'hellocomplete'],
  ['a WebSocket', webSocket, 'hello'],
])('what is no Uint8Array is refused by next of %s, and nothing of it is sent', async (_kind, open, expected) => {
  const { conn, received, close } = await open();
  try {
    expect(outcomes(conn)).toEqual(refused);
    conn.next(hello);
    conn.complete();
    expect(await received()).toBe(expected);
  } finally {
    close();
  }
});

describe.each(CODECS)('a stream of %s', (_name, codec) => {
  test('refuses in next what is no Uint8Array, sends nothing of it, and goes on with what is', async () => {
    const peer = rawPeer({ codec, role: 'client', scheduler: new Clock() });
    const stream = peer.session.open();
    try {
      expect(outcomes(stream)).toEqual(refused);
      await turn();
      expect([
        peer.session._life.isOver,
        stream.bytesWritten,
        peer.frames.filter(({ kind }) => kind === 'end'),
      ]).toEqual([false, 0, []]);
      stream.next(hello);
      stream.next(Buffer.from(' again'));
      await turn();
      const sent = peer.frames.flatMap((frame) => (frame.kind === 'data' ? [Buffer.from(frame.bytes)] : []));
      const prefix = codec.traits.streamType === 'prefix' ? '\0\0\0\0' : '';
      expect(Buffer.concat(sent).toString()).toBe(`${prefix}hello again`);
    } finally {
      // At once: what was let in must not be sent.
      peer.session.error('done');
      peer.end();
    }
  });
});
