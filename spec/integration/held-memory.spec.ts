import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { NEVER, Subject, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { fromStreams } from '../../src/conn/web-streams-conn.js';
import { consume } from '../../src/flow/consume.js';
import { flowTo } from '../../src/flow/flow-to.js';
import { onBackpressureBuffer } from '../../src/flow/on-backpressure-buffer.js';
import { dial } from '../../src/net/dial.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { http1 } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';
import { yamux } from '../../src/wire/index.js';
import { FakeNodeWebSocket } from '../conn/fake-web-socket.js';
import { growthOf, hostile } from '../session/abuse/hostile.js';
import { arrivals, CODECS, turn } from '../session/session-ends.js';

const KIB = 1024;
const MIB = 1 << 20;
const CHUNK_BYTES = 64 * KIB;
const PIECES = 600;
// What a collection leaves beside that, and V8's own growth.
const SLACK_BYTES = 6 * MIB;

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

/** Eight bytes in a chunk of 64 KiB, which a socket gives where all other frames of the chunk were read. */
const pieceOfChunk = (): Uint8Array => new Uint8Array(new ArrayBuffer(CHUNK_BYTES), CHUNK_BYTES / 2, 8);
/** A quarter of a chunk, as large frames are. */
const quarterOfChunk = (): Uint8Array => new Uint8Array(new ArrayBuffer(CHUNK_BYTES), 0, CHUNK_BYTES / 4);
/** Eight bytes of their own. */
const ownPiece = (): Uint8Array => new Uint8Array(8);

// With windows and without.
const FEW_CODECS = CODECS.filter(([name]) => name === 'yamux' || name === 'smux 1');

interface Filled {
  /** Bytes that are said to be held. */
  readonly counted: number;
  /** Kept until the memory is measured. */
  readonly kept: unknown;
}

/** A way to have bytes wait: fills the queue from `piece`, until it is full where that is known, with `count` pieces at most. */
type Fill = (piece: () => Uint8Array, count: number) => Filled | Promise<Filled>;

/** Writes as a writer that asks does. */
function writePolitely(conn: Conn, piece: () => Uint8Array, count: number): void {
  for (let n = 0; n < count && !conn.needsDrain; n++) conn._write(piece());
}

// A transport that takes nothing: the first write is under way for ever.
const stuckDuplex = (): Duplex => new Duplex({ read: () => undefined, write: () => undefined });

async function stuckSocket(): Promise<Conn> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.pause())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const conn = await new Promise<Conn>((resolve, reject) => {
    dial({ port, host: '127.0.0.1' }).subscribe({ next: resolve, error: reject });
  });
  downs.push(() => {
    conn.error('enough');
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // The system's own buffers are none of ours.
  const full = new Uint8Array(MIB);
  while (conn._write(full)) await turn();
  return conn;
}

const QUEUES: readonly (readonly [name: string, fill: Fill])[] = [
  ...FEW_CODECS.map(
    ([name, codec]) =>
      [
        `what came on a stream of ${name} without a reader`,
        (piece, count) => {
          const peer = hostile({ codec, role: 'client' });
          const stream = peer.victim.open();
          for (let n = 0; n < count; n++) stream.receive(piece());
          return { counted: peer.stats().heldBytes, kept: peer };
        },
      ] as const satisfies readonly [string, Fill],
  ),
  ...FEW_CODECS.flatMap(([name, codec]) =>
    [true, false].map(
      (waits) =>
        [
          `what was written to a stream of ${name} ${waits ? 'by a writer that waits' : 'by next'}, the peer reads nothing`,
          async (piece, count) => {
            const peer = hostile({ codec, role: 'client', reads: false });
            const full = peer.victim.open();
            // The connection takes nothing more.
            while (full._write(new Uint8Array(CHUNK_BYTES)));
            await turn();
            const streams = Array.from({ length: 20 }, () => peer.victim.open());
            for (const stream of streams) {
              if (waits) writePolitely(stream, piece, count / 20);
              else for (let n = 0; n < count / 20; n++) stream.next(piece());
              stream.subscribe({ error: () => undefined });
            }
            return { counted: peer.stats().unsentBytes, kept: peer };
          },
        ] as const satisfies readonly [string, Fill],
    ),
  ),
  [
    'an echo whose peer grants nothing',
    (piece, count) => {
      const peer = hostile({ codec: yamux() });
      const streams = arrivals(peer.victim);
      peer.send({ kind: 'open', id: 1 });
      const [stream] = streams;
      stream?.onCredit(0);
      stream?.pipe(flowTo(stream)).subscribe();
      for (let n = 0; n < count; n++) stream?.receive(piece());
      const { heldBytes, unsentBytes } = peer.stats();
      return { counted: heldBytes + unsentBytes, kept: peer };
    },
  ],
  [
    'onBackpressureBuffer before a slow reader',
    (piece, count) => {
      const source$ = new Subject<Uint8Array>();
      const work = source$
        .pipe(
          onBackpressureBuffer({ maxBytes: 64 * MIB }),
          consume(() => NEVER),
        )
        .subscribe();
      let counted = 0;
      for (let n = 0; n < count; n++) {
        const chunk = piece();
        counted += chunk.length;
        source$.next(chunk);
      }
      return { counted, kept: work };
    },
  ],
  [
    'the Node stream of a stream without a reader',
    (piece, count) => {
      const peer = hostile({ codec: yamux(), role: 'client' });
      const stream = peer.victim.open();
      const duplex = stream.duplex();
      duplex.read(0);
      for (let n = 0; n < count; n++) stream.receive(piece());
      return { counted: peer.stats().heldBytes, kept: { peer, duplex } };
    },
  ],
  [
    'the first chunk in the Node stream of each stream',
    (piece, count) => {
      const peer = hostile({ codec: yamux(), role: 'client' });
      const kept: unknown[] = [peer];
      for (let n = 0; n < count; n++) {
        const stream = peer.victim.open();
        const duplex = stream.duplex();
        duplex.read(0);
        stream.receive(piece());
        kept.push(duplex);
      }
      return { counted: peer.stats().heldBytes, kept };
    },
  ],
  [
    'the message that is under way on a WebSocket of ws, for each stream',
    (piece, count) => {
      const conns = Array.from({ length: count }, () => {
        const socket = new FakeNodeWebSocket();
        socket.onSend = (bytes) => (socket.bufferedAmount += bytes.length);
        return fromWebSocket(socket);
      });
      for (const conn of conns) conn._write(piece());
      return { counted: conns.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0), kept: conns };
    },
  ],
  [
    'work that is under way on a chunk of each stream',
    (piece, count) => {
      const peer = hostile({ codec: yamux(), role: 'client' });
      const kept: unknown[] = [peer];
      for (let n = 0; n < count; n++) {
        const stream = peer.victim.open();
        // A reader that has the chunk in hand.
        stream.pipe(consume((chunk) => (kept.push(chunk), NEVER))).subscribe();
        stream.receive(piece());
      }
      return { counted: peer.stats().heldBytes, kept };
    },
  ],
  [
    'chunks that were pulled from each stream',
    async (piece, count) => {
      const peer = hostile({ codec: yamux(), role: 'client' });
      const kept: unknown[] = [peer];
      let counted = 0;
      for (let n = 0; n < count; n++) {
        const stream = peer.victim.open();
        const pulled = stream[Symbol.asyncIterator]().next();
        const bytes = piece();
        counted += bytes.length;
        stream.receive(bytes);
        kept.push(stream, await pulled);
      }
      return { counted, kept };
    },
  ],
  [
    'a Conn over a Duplex that takes nothing',
    (piece, count) => {
      const conn = fromDuplex(stuckDuplex());
      conn._write(ownPiece());
      writePolitely(conn, piece, count);
      return { counted: conn.bufferedBytes, kept: conn };
    },
  ],
  [
    'a socket whose peer reads nothing',
    async (piece, count) => {
      const conn = await stuckSocket();
      const before = conn.bufferedBytes;
      for (let n = 0; n < count; n++) {
        conn._write(piece());
        // As one writer after the other does who does not know of the others.
        if (conn.needsDrain && n >= 64) break;
      }
      return { counted: conn.bufferedBytes - before, kept: conn };
    },
  ],
  [
    'a Conn over Web Streams that take nothing',
    async (piece, count) => {
      const writable = new WritableStream<Uint8Array>({ write: () => new Promise<void>(() => undefined) });
      const conn = fromStreams({ readable: new ReadableStream(), writable });
      await turn();
      conn._write(ownPiece());
      writePolitely(conn, piece, count);
      return { counted: conn.bufferedBytes, kept: conn };
    },
  ],
  [
    'a WebSocket that is not open yet',
    (piece, count) => {
      const conn = fromWebSocket(new FakeNodeWebSocket(0));
      writePolitely(conn, piece, count);
      return { counted: conn.bufferedBytes, kept: conn };
    },
  ],
  [
    'a WebSocket of ws whose peer reads nothing',
    (piece, count) => {
      const socket = new FakeNodeWebSocket();
      socket.bufferedAmount = 1;
      socket.onSend = (bytes) => (socket.bufferedAmount += bytes.length);
      const conn = fromWebSocket(socket);
      writePolitely(conn, piece, count);
      return { counted: conn.bufferedBytes, kept: conn };
    },
  ],
  [
    'connections that are undecided',
    (piece, count) => {
      const conns$ = new Subject<Conn>();
      let decided = 0;
      const sniffing: Subscription = conns$.pipe(sniff(http1())).subscribe(() => decided++);
      downs.push(() => sniffing.unsubscribe());
      const peer = hostile({ codec: yamux(), role: 'client' });
      let counted = 0;
      const streams: MuxStream[] = [];
      for (let n = 0; n < count; n++) {
        const stream = peer.victim.open();
        streams.push(stream);
        conns$.next(stream);
        const bytes = piece();
        // The beginning of a request line, for as long as it is.
        bytes.fill(97).set(Buffer.from('GET /'));
        counted += bytes.length;
        stream.receive(bytes);
      }
      expect([decided, streams.filter(({ isOver }) => isOver).length]).toEqual([0, 0]);
      return { counted, kept: { peer, streams } };
    },
  ],
];

const PIECES_OF: readonly (readonly [name: string, piece: () => Uint8Array, count: number])[] = [
  ['8 bytes of 64 KiB', pieceOfChunk, PIECES],
  ['16 of 64 KiB', quarterOfChunk, 500],
  ['arrays of 8 bytes', ownPiece, 40_000],
];

// A chunk that keeps what it came in shows at once: 600 of them are 37 MiB.
describe.each(QUEUES)('%s', (name, fill) => {
  test.each(PIECES_OF)('holds no more than half as much again as it counts, in %s', async (_pieces, piece, count) => {
    // Each connection costs what one does, whatever it sent.
    const most = /connections|each stream/.test(name) ? Math.min(count, PIECES) : count;
    let filled: Filled | undefined;
    const growth = await growthOf(async () => {
      filled = await fill(piece, most);
    });
    const { counted, kept } = filled as Filled;
    expect(counted).toBeGreaterThan(0);
    expect(growth).toBeLessThan(1.5 * counted + SLACK_BYTES);
    expect(kept).toBeDefined();
  });
});

test('the write under way on each of many Duplexes keeps no chunk that a few bytes of it came in', async () => {
  const kept: unknown[] = [];
  const growth = await growthOf(() => {
    for (let n = 0; n < PIECES; n++) {
      // As the request of a system that takes nothing keeps it.
      const stuck = new Duplex({ read: () => undefined, write: (chunk) => void kept.push(chunk) });
      const conn = fromDuplex(stuck);
      conn._write(pieceOfChunk());
      kept.push(conn);
    }
  });
  expect(growth).toBeLessThan(SLACK_BYTES);
  expect(kept).toHaveLength(2 * PIECES);
});
