import { describe, expect, test } from '@jest/globals';
import { Duplex } from 'node:stream';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { session } from '../../src/session/session.js';
import { log } from './raw-peer.js';
import { CODECS, ends, turnsUntil } from './session-ends.js';

const STREAMS = 200;
const EARLY_TURNS = 48;
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

  test('a transport that brings the answer from within the write loses and turns round nothing', async () => {
    const [left, right] = callingPair();
    // Three pieces for a start are three frames of one chunk, and each that comes back sends one more.
    const piece = (n: number): Uint8Array => Buffer.from(String(n).padStart(PIECE_BYTES));
    const options = { codec, keepAlive: false, maxFrameBytes: PIECE_BYTES } as const;
    const client = session(fromDuplex(left), { ...options, role: 'client' });
    const server = session(fromDuplex(right), { ...options, role: 'server', acceptBacklog: STREAMS });
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
  });
});
