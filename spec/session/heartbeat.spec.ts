import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { yamux } from '../../src/wire/index.js';
import { log, rawPeer, type RawPeer } from './raw-peer.js';
import { Clock, CODECS, why } from './session-ends.js';

interface Beating extends RawPeer {
  readonly clock: Clock;
}

function beating(codec: Codec, intervalMs = 1000, timeoutMs = 3000): Beating {
  const clock = new Clock();
  return {
    ...rawPeer({ codec, role: 'client', scheduler: clock, keepAlive: { intervalMs, timeoutMs } }),
    clock,
  };
}

const FIRST_BYTE: Readonly<Record<string, string>> = { smux1: '01', smux2: '02' };

/** What a peer answers to a beat; nothing to a signal. */
function answer(peer: Beating, beat: Frame | undefined): void {
  if (beat?.kind === 'ping') peer.send({ kind: 'pong', value: beat.value });
  else if (beat?.kind === 'data' && beat.bytes.length > 0) peer.send(beat);
  else if (beat?.kind === 'data') peer.send({ kind: 'reset', id: beat.id, code: 4 });
}

describe.each(CODECS)('a heartbeat of %s', (_name, codec) => {
  const { by } = codec.traits.heartbeat;
  const isAnswered = by !== 'signal';

  test('beats at once, twice where it is answered, and then once in an interval', async () => {
    const peer = beating(codec);
    const rtts = log(peer.session.rtt$);
    const beats: number[] = [];
    for (let n = 0; n < 5; n++) {
      await peer.clock.pass(100);
      // On a stream, beats give credit back too.
      beats.push(peer.frames.filter(({ kind }) => kind !== 'credit').length);
      answer(peer, peer.frames.filter(({ kind }) => kind !== 'credit').at(-1));
      // A signal has no answer: whatever the peer sends is a sign of life.
      if (!isAnswered) peer.send({ kind: 'ping', value: 0 });
      await peer.clock.pass(100);
      // The second, behind the answer to the first.
      if (n === 0) answer(peer, peer.frames.filter(({ kind }) => kind !== 'credit').at(-1));
      await peer.clock.pass(800);
    }
    expect(beats[0]).toBeGreaterThan(0);
    expect(beats.slice(1).map((count, n) => count - (beats[n] ?? 0))).toEqual([isAnswered ? 2 : 1, 1, 1, 1]);
    expect(peer.session._life.isOver).toBe(false);
    expect(rtts).toHaveLength(isAnswered ? 6 : 0);
  });

  test('ends the session when nothing was heard for the timeout, on every stream', async () => {
    const peer = beating(codec);
    const seen = [log(peer.session.open({ eager: true })), log(peer.session.accept$)];
    await peer.clock.pass(2999);
    expect(peer.session._life.isOver).toBe(false);
    await peer.clock.pass(1);
    const { error } = await firstValueFrom(peer.session.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_KEEPALIVE', scope: 'session', initiator: 'library' });
    expect(seen).toEqual([['ERR_MUX_KEEPALIVE'], ['complete']]);
    expect(peer.clock.timers).toBe(0);
  });

  test('leaves no timer behind when the session ends shortly before its verdict', async () => {
    const peer = beating(codec, 1000, 3100);
    await peer.clock.pass(3050);
    // That of the beats, and the verdict.
    expect(peer.clock.timers).toBe(2);
    peer.session.error(new Error('enough'));
    peer.end();
    await peer.clock.pass(1);
    expect(peer.clock.timers).toBe(0);
  });

  test('counts anew from a verdict that found nothing being read', async () => {
    const peer = beating(codec, 1000, 3100);
    await peer.clock.pass(3050);
    peer.session._life.onHold('unread', true);
    await peer.clock.pass(100);
    peer.session._life.onHold('unread', false);
    await peer.clock.pass(3000);
    expect(peer.session._life.isOver).toBe(false);
    await peer.clock.pass(1000);
    expect(await why(peer.session)).toBe('ERR_MUX_KEEPALIVE');
  });

  test('takes any byte of the peer for a sign of life', async () => {
    const peer = beating(codec);
    await peer.clock.pass(2500);
    // The first byte of a header is enough.
    peer.sendHex(FIRST_BYTE[codec.protocol] ?? '00');
    await peer.clock.pass(2000);
    expect(peer.session._life.isOver).toBe(false);
    await peer.clock.pass(3000);
    expect(await why(peer.session)).toBe('ERR_MUX_KEEPALIVE');
  });

  test('goes on for as long as the peer is there, though none is answered as it should be', async () => {
    const peer = beating(codec);
    const ids = codec.traits.firstId;
    await peer.clock.pass(1);
    for (let n = 0; n < 200; n++) {
      // Go's typed sessions without a heartbeat reset its stream; to the others it is any sign of life.
      if (by === 'stream') peer.send({ kind: 'reset', id: ids.client, code: 4 });
      else peer.send({ kind: 'end', id: ids.server });
      await peer.clock.pass(1000);
    }
    expect(peer.session._life.isOver).toBe(false);
    expect(peer.frames.length).toBeGreaterThanOrEqual(200);
  });

  test('is not kept from going on by pings that nobody waits for any more', async () => {
    const peer = beating(codec);
    const ignore = { error: () => undefined };
    await peer.clock.pass(1);
    for (let n = 0; n < 200; n++) peer.session.ping().subscribe(ignore).unsubscribe();
    for (let n = 0; n < 10; n++) {
      peer.frames.length = 0;
      await peer.clock.pass(1000);
      expect(peer.frames.length).toBeGreaterThanOrEqual(1);
      peer.send({ kind: 'end', id: codec.traits.firstId.server });
    }
    expect(peer.session._life.isOver).toBe(false);
  });
});

const answered = CODECS.filter(([, { traits }]) => traits.heartbeat.by !== 'signal');

// The type that muxado 2 begins its stream of heartbeats with, which no peer echoes.
const isType = (frame: Frame): boolean => frame.kind === 'data' && frame.bytes[0] === 0xff;

/** Beats that were sent since the last call, as a peer that is slow to answer has them. */
function beats({ frames }: Beating): Frame[] {
  return frames.splice(0).filter((frame) => (frame.kind === 'ping' || frame.kind === 'data') && !isType(frame));
}

describe.each(answered)('pings of %s', (_name, codec) => {
  test('that were given up leave their place to others, and their answers to nobody', async () => {
    const peer = beating(codec);
    await peer.clock.pass(1);
    for (let n = 0; n < 200; n++)
      peer.session
        .ping()
        .subscribe({ error: () => undefined })
        .unsubscribe();
    const seen = log(peer.session.ping());
    await peer.clock.pass(1);
    const sent = beats(peer);
    for (const beat of sent.slice(0, -1)) answer(peer, beat);
    expect(seen).toEqual([]);
    answer(peer, sent.at(-1));
    expect(seen).toEqual(['stream', 'complete']);
  });

  test('get no answer of a beat that was sent untimed, for as many waited', async () => {
    const peer = beating(codec);
    for (let n = 0; n < 2; n++) {
      await peer.clock.pass(1);
      for (const beat of beats(peer)) answer(peer, beat);
    }
    const waiting = Array.from({ length: 64 }, () => log(peer.session.ping()));
    await peer.clock.pass(1000);
    const untimed = beats(peer);
    expect(untimed).toHaveLength(65);
    for (const beat of untimed.slice(0, 64)) answer(peer, beat);
    expect(waiting).toEqual(Array.from({ length: 64 }, () => ['stream', 'complete']));
    const seen = log(peer.session.ping());
    await peer.clock.pass(1);
    answer(peer, untimed.at(-1));
    expect(seen).toEqual([]);
    answer(peer, beats(peer).at(-1));
    expect(seen).toEqual(['stream', 'complete']);
  });

  test('get no answer of one that came twice', async () => {
    const peer = beating(codec);
    await peer.clock.pass(1);
    const sent = beats(peer).at(-1);
    for (let n = 0; n < 3; n++) answer(peer, sent);
    const seen = log(peer.session.ping());
    await peer.clock.pass(1);
    expect(seen).toEqual([]);
    answer(peer, beats(peer).at(-1));
    expect(seen).toEqual(['stream', 'complete']);
  });
});

describe.each(answered.filter(([, { traits }]) => traits.heartbeat.by !== 'probe'))('a reset of %s', (_name, codec) => {
  test('is no answer to a ping, whatever the id', async () => {
    const peer = rawPeer({ codec, role: 'client' });
    const stream = peer.session.open({ eager: true });
    log(stream);
    const pings = Array.from({ length: 9 }, () => log(peer.session.ping()));
    await peer.settled();
    // The first ends the stream. The second is of a stream that is over.
    for (let n = 0; n < 2; n++) peer.send({ kind: 'reset', id: stream.streamId, code: 4 });
    await peer.settled();
    expect([peer.session._life.isOver, pings.flat()]).toEqual([false, []]);
  });
});

describe.each(CODECS.filter(([, { traits }]) => traits.heartbeat.by === 'stream'))(
  'the stream of heartbeats of %s',
  (_name, codec) => {
    test('carries the same number with every beat where the protocol has it so, and a new one where not', async () => {
      const peer = beating(codec);
      for (let n = 0; n < 3; n++) {
        await peer.clock.pass(1000);
        peer.send({ kind: 'end', id: codec.traits.firstId.server });
      }
      const numbers = beats(peer).flatMap((beat) =>
        beat.kind === 'data' ? [Buffer.from(beat.bytes).readUInt32BE()] : [],
      );
      expect(numbers).toEqual(codec.traits.heartbeat.constant === true ? [0, 0, 0, 0] : [1, 2, 3, 4]);
    });

    test('is none when ids are used up: a ping says so, and the session goes on', async () => {
      const peer = rawPeer({ codec, role: 'client' });
      peer.session._life.core.table.takeId = () => undefined;
      const ping = firstValueFrom(peer.session.ping());
      await expect(ping).rejects.toMatchObject({ code: 'ERR_MUX_IDS_EXHAUSTED', scope: 'session' });
      await peer.settled();
      expect([peer.frames, peer.session._life.isOver]).toEqual([[], false]);
    });
  },
);

test('pings that wait for an answer are bounded, and each gets its own', async () => {
  const peer = beating(yamux());
  await peer.settled();
  const pings = Array.from({ length: 65 }, () => log(peer.session.ping()));
  await peer.clock.pass(20);
  // A beat may have one of the 64 places.
  expect(pings.at(-1)).toEqual(['ERR_MUX_STREAM_LIMIT']);
  const values = peer.frames.flatMap((frame) => (frame.kind === 'ping' ? [frame.value] : []));
  for (const value of values.toReversed()) peer.send({ kind: 'pong', value });
  expect(pings.slice(0, 63)).toEqual(Array.from({ length: 63 }, () => ['stream', 'complete']));
});

test('the smoothed round trip takes an eighth of each new one', async () => {
  const peer = beating(yamux());
  const { heartbeat } = peer.session._life.core;
  for (const [ms, rest] of [
    [80, 920],
    [160, 840],
  ] as const) {
    await peer.clock.pass(ms);
    answer(peer, peer.frames.at(-1));
    await peer.clock.pass(rest);
  }
  expect(heartbeat.rttMs).toBe(80 + 80 / 8);
});

test('without keepAlive no timer runs and nothing is sent', async () => {
  const clock = new Clock();
  const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: clock, keepAlive: false });
  await clock.pass(100_000);
  expect([clock.timers, peer.frames]).toEqual([0, []]);
});

// Those whose heartbeat is a stream that the other side echoes: the peer's is opened as its own wire says it.
const echoing = CODECS.filter(([, { traits }]) => traits.heartbeat.streamType !== undefined);

describe.each(echoing)('heartbeats of the peer over %s', (_name, codec) => {
  const { streamType: type = 0 } = codec.traits.heartbeat;
  const isPrefix = codec.traits.streamType === 'prefix';
  const typeBytes = Uint8Array.of(type >>> 24, type >>> 16, type >>> 8, type);
  const beat = Uint8Array.of(1, 2, 3, 4);

  function begin(peer: RawPeer, id: number): void {
    peer.send(isPrefix ? { kind: 'open', id } : { kind: 'open', id, type });
    if (isPrefix) peer.send({ kind: 'data', id, bytes: typeBytes });
  }

  const quiet = (): RawPeer => rawPeer({ codec, role: 'client' });
  const resetsOf = ({ frames }: RawPeer): number[] =>
    frames.flatMap((frame) => (frame.kind === 'reset' ? [frame.id] : []));
  const ids = Array.from({ length: 10 }, (_, n) => codec.traits.firstId.server + 2 * n);

  test('have eight streams at most, and another when one has ended', async () => {
    const peer = quiet();
    for (const id of ids.slice(0, 9)) begin(peer, id);
    await peer.settled();
    expect(resetsOf(peer)).toEqual([ids[8]]);
    peer.send({ kind: 'end', id: ids[0] as number });
    begin(peer, ids[9] as number);
    await peer.settled();
    expect(resetsOf(peer)).toEqual([ids[8]]);
  });

  test('are echoed, and their bytes given back: a window would be used up by them', async () => {
    const peer = quiet();
    const id = ids[0] as number;
    begin(peer, id);
    await peer.settled();
    peer.frames.length = 0;
    for (let n = 0; n < 3; n++) peer.send({ kind: 'data', id, bytes: beat });
    await peer.settled();
    const given = peer.frames.flatMap((frame) => (frame.kind === 'credit' && frame.id === id ? [frame.increment] : []));
    const echoed = peer.frames.flatMap((frame) => (frame.kind === 'data' && frame.id === id ? [...frame.bytes] : []));
    expect([given.reduce((sum, bytes) => sum + bytes, 0), echoed]).toEqual([12, [...beat, ...beat, ...beat]]);
  });
});
