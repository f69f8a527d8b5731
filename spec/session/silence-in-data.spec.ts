import { describe, expect, test } from '@jest/globals';
import type { SessionOptions } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { bytesOf, hostile, type Hostile } from './abuse/hostile.js';
import { arrivals, Clock, CODECS } from './session-ends.js';

const FRAME_MS = 5000;
const LENGTH = 10_000;

interface Halfway extends Hostile {
  readonly clock: Clock;
  /** Bytes that the reader of the stream got. */
  readonly read: () => number;
  /** What is missing of the frame. */
  readonly rest: Uint8Array;
}

/** A peer in the middle of the data of a frame. */
function halfway(codec: Codec, options: Partial<SessionOptions> = {}): Halfway {
  const peer = hostile({ codec, frameTimeoutMs: FRAME_MS, ...options });
  const streams = arrivals(peer.victim);
  const id = codec.traits.firstId.client;
  peer.send({ kind: 'open', id });
  if (codec.traits.streamType === 'prefix') peer.send({ kind: 'data', id, bytes: new Uint8Array(4) });
  let read = 0;
  streams[0]?.subscribe({ next: (bytes) => (read += bytes.length), error: () => undefined });
  const frame = bytesOf(codec, { kind: 'data', id, bytes: new Uint8Array(LENGTH) });
  peer.write(frame.subarray(0, LENGTH / 2));
  return { ...peer, read: () => read, rest: frame.subarray(LENGTH / 2) };
}

describe.each(CODECS)('silence of a peer of %s', (_name, codec) => {
  const { heartbeat, firstId } = codec.traits;

  test('within data is no reason to end, however long: what follows is read', async () => {
    const { clock, error, read, rest, ...peer } = halfway(codec);
    await clock.pass(60 * FRAME_MS);
    expect(error()).toBeUndefined();
    peer.write(rest);
    expect(read()).toBe(LENGTH);
    await clock.pass(2 * FRAME_MS);
    expect([error(), clock.timers]).toEqual([undefined, 0]);
  });

  test('within data is left to the heartbeat, in the time that it has', async () => {
    const { clock, error } = halfway(codec, { keepAlive: {} });
    await clock.pass(heartbeat.timeoutMs - 1);
    expect(error()).toBeUndefined();
    await clock.pass(heartbeat.intervalMs);
    expect(error()?.code).toBe('ERR_MUX_KEEPALIVE');
  });

  const control: readonly Frame[] = [
    { kind: 'credit', id: firstId.client, increment: 1, consumed: 0, window: 1 },
    { kind: 'reset', id: firstId.client, code: 0 },
    { kind: 'goAway', lastId: 0, code: 0, debug: new Uint8Array(0) },
    { kind: 'ping', value: 0 },
    { kind: 'open', id: firstId.client + 2 },
    { kind: 'data', id: firstId.client, bytes: new Uint8Array(0) },
  ];
  const sent = control.filter((frame) => bytesOf(codec, frame).length > 0);

  test.each(sent.map((frame) => [frame.kind, frame] as const))(
    'within a frame of %s, after data or not, ends the session in frameTimeoutMs',
    async (_kind, frame) => {
      for (const isAfterData of [false, true]) {
        const peer = halfway(codec);
        if (isAfterData) await peer.clock.pass(3 * FRAME_MS);
        peer.write(peer.rest);
        const bytes = bytesOf(codec, frame);
        peer.write(bytes.subarray(0, bytes.length - 1));
        await peer.clock.pass(FRAME_MS - 1);
        expect(peer.error()).toBeUndefined();
        await peer.clock.pass(2001);
        expect(peer.error()?.code).toBe('ERR_MUX_TIMEOUT');
      }
    },
  );
});
