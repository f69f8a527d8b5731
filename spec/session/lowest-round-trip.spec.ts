import { describe, expect, test } from '@jest/globals';
import type { Frame } from '../../src/wire/frame.js';
import { log, rawPeer } from './raw-peer.js';
import { Clock, CODECS } from './session-ends.js';

const answered = CODECS.filter(([, { traits }]) => traits.heartbeat.by !== 'signal');

describe.each(answered)('the lowest round trip of %s', (_name, codec) => {
  test('is that of the last eight, so that a path that became longer is known for what it is', async () => {
    const clock = new Clock();
    const peer = rawPeer({ codec, role: 'client', scheduler: clock });
    const lowest: (number | undefined)[] = [];
    for (const ms of [50, 20, 200, 200, 200, 200, 200, 200, 200, 200, 100]) {
      const told = log(peer.session.ping());
      await clock.pass(ms);
      const beat = peer.frames.filter(({ kind }) => kind !== 'credit').at(-1);
      peer.send(answer(beat));
      expect(told).toEqual(['stream', 'complete']);
      lowest.push(peer.session._life.core.heartbeat.lowestRttMs);
    }
    expect(lowest).toEqual([50, 20, 20, 20, 20, 20, 20, 20, 20, 200, 100]);
  });
});

describe.each(CODECS)('a heartbeat of %s', (_name, codec) => {
  test('that is about to give the peer up leaves no timer when the session ends for another reason', async () => {
    const clock = new Clock();
    // It looks each 250 ms: at 2750 ms the next look would be too late.
    const keepAlive = { intervalMs: 1000, timeoutMs: 2900 };
    const peer = rawPeer({ codec, role: 'client', scheduler: clock, keepAlive });
    await clock.pass(2749);
    const running = clock.timers;
    await clock.pass(1);
    expect(clock.timers).toBe(running + 1);
    peer.session.error(new Error('enough'));
    // The connection has a timer of its own until the peer has ended it too.
    peer.end();
    await clock.pass(0);
    expect(clock.timers).toBe(0);
  });
});

/** What a peer answers to a beat. */
function answer(beat: Frame | undefined): Frame {
  if (beat?.kind === 'ping') return { kind: 'pong', value: beat.value };
  if (beat?.kind !== 'data') throw new Error('no beat was sent');
  return beat.bytes.length > 0 ? beat : { kind: 'reset', id: beat.id, code: 4 };
}
