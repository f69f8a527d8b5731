import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { FLUSH_BYTES } from '../../src/session/writer.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, ends, hello, turn, turnsUntil } from './session-ends.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const STREAMS = 8;
const chunk = new Uint8Array(64 * KIB);

/** Writes as fast as it is taken, the same bytes again and again, then ends. */
function pour(stream: MuxStream, bytes: number): void {
  for (let left = bytes; left > 0; left -= chunk.length) {
    if (stream._write(chunk)) continue;
    stream._drained(() => pour(stream, left - chunk.length));
    return;
  }
  stream.complete();
}

describe.each(CODECS)('the writer of %s', (_name, codec) => {
  const { traits } = codec;

  test('session case 63: grants 1 GiB of credit in a frame per half a window, and sends it in few writes', async () => {
    // Windows that stay as they are, which is the most frames.
    const { initialWindowBytes } = traits;
    const { client, server } = ends(codec, { maxWindowBytes: initialWindowBytes }, { capacityBytes: 16 * MIB });
    const streams = arrivals(server);
    for (let n = 0; n < STREAMS; n++) pour(client.open({ eager: true }), GIB / STREAMS);
    await turn();
    let read = 0;
    for (const stream of streams) stream.subscribe((bytes) => (read += bytes.length));
    await turnsUntil(() => read === GIB);
    const { creditFrames, writes: answers } = server._life.core.writer;
    const { writes } = client._life.core.writer;
    const most = traits.credit === 'none' ? 0 : Math.ceil(GIB / (initialWindowBytes / 2)) + STREAMS;
    expect(creditFrames).toBeLessThanOrEqual(most);
    expect(answers).toBeLessThanOrEqual(creditFrames);
    // A write is that much at least, but for one in which the windows were spent, or the last.
    expect(writes).toBeLessThanOrEqual(GIB / FLUSH_BYTES + STREAMS);
  });

  test('sends what is written during one tick in one write', async () => {
    const { client, server } = ends(codec);
    const streams = arrivals(server);
    for (let n = 0; n < 100; n++) {
      const stream = client.open();
      stream.next(hello);
      stream.next(hello);
      stream.complete();
    }
    expect(client._life.core.writer.writes).toBe(0);
    await turn();
    expect(client._life.core.writer.writes).toBe(1);
    expect(streams.map((stream) => log(stream).join(''))).toEqual(streams.map(() => 'hellohellocomplete'));
    expect(streams).toHaveLength(100);
  });

  test('sends a reset before the data that waits, and none of what its stream had', async () => {
    const peer = rawPeer({ codec, role: 'client', scheduler: new Clock() });
    const [bulk, gone] = [peer.session.open({ eager: true }), peer.session.open({ eager: true })];
    await peer.settled();
    peer.frames.length = 0;
    bulk.next(new Uint8Array(60_000));
    gone.next(new Uint8Array(60_000));
    gone.reset(7);
    await peer.settled();
    const [first, ...rest] = peer.frames.filter(({ kind }) => kind !== 'data' || codec.traits.streamType !== 'prefix');
    expect(first).toMatchObject({ kind: codec.traits.reset === 'none' ? 'end' : 'reset', id: gone.streamId });
    expect(rest.filter((frame) => 'id' in frame && frame.id === gone.streamId)).toEqual([]);
  });

  test('hands a transport that is full nothing more until it has drained', async () => {
    const clock = new Clock();
    const pipe = { capacityBytes: 1000, chunkBytes: 500, latencyMs: 10, scheduler: clock };
    const peer = rawPeer({ codec, role: 'client', scheduler: clock }, pipe);
    const { writer } = peer.session._life.core;
    const stream = peer.session.open();
    stream.next(new Uint8Array(10_000));
    await clock.pass(1);
    expect([writer.isBlocked, writer.writes]).toEqual([true, 1]);
    stream.next(new Uint8Array(10_000));
    await clock.pass(5);
    expect([writer.writes, stream.bufferedBytes]).toEqual([1, 10_000]);
    await clock.pass(1000);
    expect([writer.isBlocked, writer.writes, stream.bufferedBytes]).toEqual([false, 2, 0]);
  });
});
