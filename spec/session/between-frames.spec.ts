import { describe, expect, test } from '@jest/globals';
import { Duplex } from 'node:stream';
import { firstValueFrom, map } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { Frame } from '../../src/wire/frame.js';
import { smux } from '../../src/wire/index.js';
import { bytesOf } from './abuse/hostile.js';
import { log, rawPeer } from './raw-peer.js';
import { Clock, CODECS, ends, hello, turn, turnsUntil, why } from './session-ends.js';

const STREAMS = 200;
const EARLY_TURNS = 32;
const PIECE_BYTES = 8;
const PIECES = 10;
const names = Array.from({ length: STREAMS }, (_, n) => `message ${n}`);

/** Two streams in memory: what one writes, the other has before the write is over. */
function callingPair(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write(chunk, _encoding, callback) {
        other().push(chunk);
        callback();
      },
      final(callback) {
        other().push(null);
        callback();
      },
    });
  const left: Duplex = end(() => right);
  const right: Duplex = end(() => left);
  return [left, right];
}

describe.each(CODECS)('between two frames of a chunk, over %s', (_name, codec) => {
  test('answers leave while the rest is read, in order', async () => {
    const { client, server } = ends(codec, { acceptBacklog: STREAMS });
    const { writer } = server._life.core;
    server.accept$.subscribe((stream) => {
      stream.subscribe((bytes) => {
        stream.next(bytes);
        stream.complete();
      });
    });
    const logs = names.map((name) => {
      const stream = client.open();
      stream.next(Buffer.from(name));
      return log(stream);
    });
    const before = writer.writes;
    await turnsUntil(() => logs.every((each) => each.at(-1) === 'complete'));
    expect(logs.map((each) => each.join(' '))).toEqual(names.map((name) => `${name} complete`));
    expect(client._life.core.writer.writes).toBeLessThanOrEqual(2 + STREAMS / EARLY_TURNS);
    expect(writer.writes - before).toBeGreaterThanOrEqual(Math.floor(STREAMS / EARLY_TURNS));
    expect(writer.writes - before).toBeLessThanOrEqual(Math.ceil(STREAMS / EARLY_TURNS) + 1);
  });

  test.each([
    ['a Duplex', PIECE_BYTES, () => callingPair().map((end) => fromDuplex(end))],
    // Each of these is a part of its own of a write, and the answer comes between two.
    ['a pipe', 2000, () => memoryPipe({ capacityBytes: 2 ** 30 })],
  ] as const)(
    '%s that brings the answer from within the write loses and turns round nothing',
    async (_of, size, join) => {
      const [left, right] = join() as [Conn, Conn];
      // Three pieces for a start are three frames of one chunk, and each that comes back sends one more.
      const piece = (n: number): Uint8Array => Buffer.from(String(n).padStart(size));
      const options = { codec, keepAlive: false, maxFrameBytes: size } as const;
      const client = session(left, { ...options, role: 'client' });
      const server = session(right, { ...options, role: 'server', acceptBacklog: STREAMS });
      server.accept$.subscribe((stream) => {
        stream.subscribe({ next: (bytes) => stream.next(bytes), complete: () => stream.complete() });
      });
      const seen = names.map(() => {
        const stream = client.open();
        let echoes = '';
        let sent = 0;
        stream.subscribe((bytes) => {
          echoes += Buffer.from(bytes).toString();
          if (sent < PIECES) stream.next(piece(sent++));
          else stream.complete();
        });
        while (sent < 3) stream.next(piece(sent++));
        return () => echoes;
      });
      const wanted = Array.from({ length: PIECES }, (_, n) => Buffer.from(piece(n)).toString()).join('');
      await turnsUntil(() => seen.every((echoes) => echoes().length >= wanted.length));
      expect(seen.map((echoes) => echoes())).toEqual(names.map(() => wanted));
      client.close();
      server.close();
      expect(await Promise.all([why(client), why(server)])).toEqual([undefined, undefined]);
    },
  );

  const idOf = (n: number): number => codec.traits.firstId.client + 2 * n;
  const type: readonly Uint8Array[] = codec.traits.streamType === 'prefix' ? [new Uint8Array(4)] : [];
  const opened = (n: number, ...data: readonly Uint8Array[]): readonly Frame[] => [
    { kind: 'open', id: idOf(n) },
    ...[...type, ...data].map((bytes) => ({ kind: 'data', id: idOf(n), bytes }) as const),
  ];

  test('whoever hears there of the end of a stream, and ends the session, ends all of it', async () => {
    const peer = rawPeer({ codec, role: 'server' });
    let over = 0;
    peer.session.accept$.subscribe({
      next: (stream) => {
        stream.closed$.subscribe(() => {
          if (++over === 10) peer.session.error(new Error('enough'));
        });
        stream.subscribe({
          next: (bytes) => {
            stream.next(bytes);
            stream.complete();
          },
          // Each that was open is told of the end of the session.
          error: () => undefined,
        });
      },
      error: () => undefined,
    });
    // All but the one at which the answers leave have ended: what comes next is an open.
    const flight = names.slice(0, 60).flatMap((_, n): readonly Frame[] => {
      const end = n === EARLY_TURNS - 1 ? [] : [{ kind: 'end', id: idOf(n) } as const];
      return [...opened(n, hello), ...end];
    });
    peer.sendBytes(bytesOf(codec, ...flight));
    await peer.settled();
    expect(over).toBeGreaterThanOrEqual(10);
    expect(peer.session.streams).toEqual([]);
  });

  test('nothing leaves for a transport that takes nothing', async () => {
    const CAPACITY_BYTES = 65_536;
    const [raw, conn] = memoryPipe({ capacityBytes: CAPACITY_BYTES });
    const server = session(conn, { codec, role: 'server', keepAlive: false, scheduler: new Clock() });
    const ignore = (): void => undefined;
    server.accept$.subscribe({
      next: (stream) => {
        stream.subscribe({ next: (bytes) => stream.next(bytes), error: ignore });
      },
      error: ignore,
    });
    const message = new Uint8Array(2000);
    raw.next(bytesOf(codec, ...names.flatMap((_, n) => opened(n, message))));
    await turn();
    const { writer } = server._life.core;
    expect(writer.bytesWritten).toBeGreaterThanOrEqual(CAPACITY_BYTES);
    const before = writer.writes;
    raw.next(bytesOf(codec, ...names.map((_, n) => ({ kind: 'data', id: idOf(n), bytes: message }) as const)));
    await turn();
    expect(writer.writes).toBe(before);
    server.error(new Error('done'));
  });
});

test('a session that waits to close does so when the last it has to say leaves between two frames', async () => {
  const codec = smux({ version: 2 });
  const peer = rawPeer({ codec, role: 'client' });
  const streams = names.slice(0, EARLY_TURNS).map(() => peer.session.open());
  await peer.settled();
  const window = (bytes: number): readonly Frame[] =>
    streams.map(({ streamId }) => ({ kind: 'credit', id: streamId, increment: 0, consumed: 0, window: bytes }));
  peer.sendBytes(bytesOf(codec, ...window(0)));
  for (const stream of streams) stream.next(hello);
  await peer.settled();
  const isDrained = firstValueFrom(peer.session.drained$.pipe(map(() => true)), { defaultValue: false });
  peer.session.close();
  // The frame behind the windows is one that is not answered.
  peer.sendBytes(bytesOf(codec, ...window(1000), { kind: 'ping', value: 0 }));
  expect(peer.session.streams).toEqual([]);
  expect(await isDrained).toBe(true);
});
