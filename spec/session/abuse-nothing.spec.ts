import { describe, expect, test } from '@jest/globals';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { yamux } from '../../src/wire/index.js';
import { bytesOf, hostile } from './abuse/hostile.js';
import { log, rawPeer } from './raw-peer.js';
import { arrivals, Clock, CODECS, turn } from './session-ends.js';

const BURST = 1000;
const idOf = ({ traits }: Codec, n = 0): number => traits.firstId.client + 2 * n;
const first = (codec: Codec): Frame => ({ kind: 'data', id: idOf(codec), bytes: new Uint8Array(12) });

interface Nothing {
  readonly name: string;
  readonly codec: Codec;
  /** What is sent again and again. */
  readonly frame: Frame;
  /** What comes before it, and counts for nothing. */
  readonly before: readonly Frame[];
}

const nothing: readonly Nothing[] = CODECS.flatMap(([name, codec]) => {
  const id = idOf(codec);
  const of = (what: string, frame: Frame, before: readonly Frame[] = []): Nothing => ({
    name: `${what} over ${name}`,
    codec,
    frame,
    before,
  });
  const end: Frame = { kind: 'end', id };
  return [
    of('ends of a stream that never was', { kind: 'end', id: id + 2 }),
    of('ends of a stream that has ended', end, [{ kind: 'open', id }, first(codec), end]),
    of('confirmations of a stream that never was', { kind: 'accept', id: codec.traits.firstId.server }),
    of('confirmations of a stream of the peer itself', { kind: 'accept', id }, [{ kind: 'open', id }, first(codec)]),
    of('answers that nobody waits for', { kind: 'pong', value: 7 }),
  ].filter(({ frame }) => bytesOf(codec, frame).length > 0);
});

test.each(nothing)('session case 47: $name end the session past what is allowed', async ({ codec, frame, before }) => {
  const peer = hostile({ codec, junkRate: { burst: BURST, perSecond: 0 } });
  arrivals(peer.victim);
  peer.send(...before);
  const bytes = bytesOf(codec, frame);
  await peer.flood(BURST, () => bytes);
  expect(peer.error()).toBeUndefined();
  peer.write(bytes);
  expect(peer.error()?.code).toBe('ERR_MUX_CALM');
});

test('session case 47: confirmations once more of a stream that is confirmed end the session past what is allowed', async () => {
  const codec = yamux();
  const peer = hostile({ codec, role: 'client', junkRate: { burst: BURST, perSecond: 0 } });
  const { streamId } = peer.victim.open();
  await turn();
  const bytes = bytesOf(codec, { kind: 'accept', id: streamId });
  peer.write(bytes);
  await peer.flood(BURST, () => bytes);
  expect(peer.error()).toBeUndefined();
  peer.write(bytes);
  expect(peer.error()?.code).toBe('ERR_MUX_CALM');
});

describe('frames that change something count for nothing', () => {
  const junkRate = { burst: 2, perSecond: 0 };

  test.each(CODECS)('an end for each of 50 streams of %s', async (_name, codec) => {
    const peer = hostile({ codec, junkRate });
    peer.victim.accept$.subscribe((stream) => {
      stream.subscribe();
      stream.complete();
    });
    for (let n = 0; n < 50; n++) {
      const id = idOf(codec, n);
      peer.send({ kind: 'open', id }, { kind: 'data', id, bytes: new Uint8Array(12) }, { kind: 'end', id });
      await turn();
    }
    expect([peer.error(), peer.stats().accepted, peer.victim.streams]).toEqual([undefined, 50, []]);
  });

  test('a confirmation for each of 50 streams of yamux, and an answer to each of 50 pings', async () => {
    const peer = rawPeer({ codec: yamux(), role: 'client', scheduler: new Clock(), junkRate });
    const pings: string[][] = [];
    for (let n = 0; n < 50; n++) {
      const { streamId } = peer.session.open();
      pings.push(log(peer.session.ping()));
      await turn();
      const values = peer.frames.splice(0).flatMap((frame) => (frame.kind === 'ping' ? [frame.value] : []));
      peer.send({ kind: 'accept', id: streamId }, ...values.map((value) => ({ kind: 'pong', value }) as const));
    }
    expect(pings).toEqual(Array.from({ length: 50 }, () => ['stream', 'complete']));
    expect(peer.session._life.isOver).toBe(false);
  });
});
