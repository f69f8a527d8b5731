import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/index.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { FakeWebSocket } from '../conn/fake-web-socket.js';

/** A Conn that can't send what is written to it, by what it is. */
const stuck: readonly [string, () => Conn][] = [
  ['a WebSocket of a browser', () => fromWebSocket(Object.assign(new FakeWebSocket(), { bufferedAmount: 1 << 20 }))],
  ['a WebSocket that is not open', () => fromWebSocket(new FakeWebSocket(0))],
  ...[muxado(), muxado({ version: 1 }), yamux(), smux()].map((codec): [string, () => Conn] => [
    `a stream of ${codec.protocol}`,
    () => session(memoryPipe()[0], { codec, role: 'client', scheduler: new VirtualTimeScheduler() }).open(),
  ]),
];

describe('a write that never leaves', () => {
  it.each(stuck)('gives its writer an error, once, on %s', (_on, make) => {
    const conn = make();
    const told: unknown[] = [];
    conn.subscribe({ error: () => undefined });
    conn._write(new Uint8Array(1 << 20), (error) => told.push(error));
    expect(told).toEqual([]);
    conn.error(new Error('had enough'));
    expect(told).toEqual([expect.any(Error)]);
    conn._write(new Uint8Array(1), (error) => told.push(error));
    expect(told).toEqual([expect.any(Error), expect.any(Error)]);
  });
});
