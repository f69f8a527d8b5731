import { describe, expect, test } from '@jest/globals';
import type { Conn } from '../../src/conn/conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { FakeNodeWebSocket, FakeWebSocket } from './fake-web-socket.js';

/** How a connection ended, as `closed$` tells it. */
function closedOf(conn: Conn): unknown[] {
  const closed: unknown[] = [];
  conn.closed$.subscribe((how) => closed.push(how.error?.code ?? how));
  return closed;
}

/** A WebSocket whose peer answers a close with the same code. */
function answered<S extends FakeWebSocket>(socket: S): S {
  socket.onClose = (code) => socket.emit('close', { code, reason: '' });
  return socket;
}

const CONNS: readonly (readonly [what: string, conn: () => Conn])[] = [
  ['a WebSocket', () => fromWebSocket(answered(new FakeWebSocket()))],
  ['a WebSocket that is connecting', () => fromWebSocket(answered(new FakeWebSocket(0)))],
  ['a WebSocket of Node', () => fromWebSocket(answered(new FakeNodeWebSocket()))],
  // Nobody answers: it is left, all the same.
  ['a WebSocket of Node that is closing', () => fromWebSocket(new FakeNodeWebSocket())],
  ['a memory pipe', () => memoryPipe()[0]],
];

describe.each(CONNS)('%s that is given up without an error', (_what, open) => {
  test('ended, then read no more, is over in good order', () => {
    const conn = open();
    const closed = closedOf(conn);
    const reading = conn.subscribe();
    conn.complete();
    reading.unsubscribe();
    expect(closed).toEqual([{}]);
  });
});

test('a WebSocket that is read no more, then ended, is over in good order when the peer has closed', () => {
  const conn = fromWebSocket(answered(new FakeWebSocket()));
  const closed = closedOf(conn);
  conn.subscribe().unsubscribe();
  expect(closed).toEqual([]);
  conn.complete();
  expect(closed).toEqual([{}]);
});

test('a WebSocket that is given up with an error tells that error', () => {
  const conn = fromWebSocket(new FakeNodeWebSocket());
  const closed = closedOf(conn);
  conn.error('enough');
  expect(closed).toEqual(['ERR_MUX_ABORT']);
});
