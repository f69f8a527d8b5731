import { describe, expect, test } from '@jest/globals';
import type { Frame } from '../../src/wire/frame.js';
import { rawPeer } from '../session/raw-peer.js';
import { arrivals, Clock, CODECS, ends, turnsUntil } from '../session/session-ends.js';

const MIB = 1 << 20;
const WINDOWED = CODECS.filter(([, { traits }]) => traits.credit !== 'none');
const MUXADO2 = CODECS.filter(([name]) => name.startsWith('muxado 2'));

describe.each(MUXADO2)('a peer of %s that sends no more at a time than an initial window', (_name, codec) => {
  const { initialWindowBytes, maxPayloadBytes, firstId } = codec.traits;
  const id = firstId.client;

  test.each([
    ['grows by itself', {}],
    ['is larger from the start', { windowBytes: 4 * initialWindowBytes }],
  ])('whatever it is granted, gets its bytes through a window that %s', async (_how, options) => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'server', scheduler: clock, ...options });
    let read = 0;
    peer.session.accept$.subscribe((stream) => stream.subscribe((bytes) => (read += bytes.length)));
    peer.send({ kind: 'open', id });
    let windowBytes = initialWindowBytes;
    const send = (bytes: number): void => {
      for (let left = bytes; left > 0; left -= maxPayloadBytes)
        peer.send({ kind: 'data', id, bytes: new Uint8Array(Math.min(left, maxPayloadBytes)) });
      windowBytes -= bytes;
    };
    const clamp = (frame: Frame): void => {
      if (frame.kind === 'credit') windowBytes = Math.min(initialWindowBytes, windowBytes + frame.increment);
    };
    let sent = 0;
    // Half a window a round is as slow as it gets.
    for (let round = 0; round < 64 && sent < 4 * MIB; round++) {
      sent += windowBytes;
      send(windowBytes);
      await clock.pass(5);
      peer.frames.splice(0).forEach(clamp);
    }
    expect(sent).toBeGreaterThanOrEqual(4 * MIB);
    expect(read).toBe(sent - (codec.traits.streamType === 'prefix' ? 4 : 0));
  });
});

describe.each(WINDOWED)('a window of %s that is larger than the protocol has it', (_name, codec) => {
  const { initialWindowBytes } = codec.traits;

  test.each([
    ['its end alone', 0],
    ['a byte and its end', 1],
  ])('is granted on a stream that was opened by %s', async (_by, bytes) => {
    const { client, server } = ends(codec, { windowBytes: MIB, server: { windowBytes: initialWindowBytes } });
    const accepted = arrivals(server);
    const near = client.open();
    let read = 0;
    let isComplete = false;
    near.subscribe({ next: (chunk) => (read += chunk.length), complete: () => (isComplete = true) });
    if (bytes > 0) near.next(new Uint8Array(bytes));
    near.complete();
    await turnsUntil(() => accepted.length === 1);
    for (const far of accepted) {
      far.subscribe();
      far.next(new Uint8Array(MIB));
      far.complete();
    }
    await turnsUntil(() => isComplete);
    expect(read).toBe(MIB);
  });
});
