import { describe, expect, test } from '@jest/globals';
import { EMPTY, NEVER } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import { smux } from '../../src/wire/index.js';
import { hostile } from './abuse/hostile.js';
import { rawPeer } from './raw-peer.js';
import { arrivals, CODECS, hello } from './session-ends.js';

const BUDGET_BYTES = 8000;
const CHUNK_BYTES = 1000;

describe('a session of smux 1, which has no windows', () => {
  test('reads no more at its budget, and goes on at half of it', () => {
    const peer = hostile({ codec: smux(), receiveBudgetBytes: BUDGET_BYTES });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id: 3 });
    const held: [bytes: number, isHolding: boolean][] = [];
    const look = (): void => {
      held.push([peer.stats().heldBytes, peer.victim._life.isHolding]);
    };
    const bytes = new Uint8Array(CHUNK_BYTES);
    for (let n = 0; n < BUDGET_BYTES / CHUNK_BYTES; n++) {
      look();
      peer.send({ kind: 'data', id: 3, bytes });
    }
    look();
    streams[0]?.pipe(consume((_, n) => (n < 3 ? EMPTY : NEVER))).subscribe();
    look();
    expect(held).toEqual([
      [0, false],
      [1000, false],
      [2000, false],
      [3000, false],
      [4000, false],
      [5000, false],
      [6000, false],
      [7000, false],
      [8000, true],
      [5000, true],
    ]);
  });

  test('goes on at half of its budget, to the byte', () => {
    const peer = hostile({ codec: smux(), receiveBudgetBytes: BUDGET_BYTES });
    const streams = arrivals(peer.victim);
    peer.send({ kind: 'open', id: 3 });
    const bytes = new Uint8Array(CHUNK_BYTES);
    for (let n = 0; n < BUDGET_BYTES / CHUNK_BYTES; n++) peer.send({ kind: 'data', id: 3, bytes });
    expect(peer.victim._life.isHolding).toBe(true);
    streams[0]?.pipe(consume((_, n) => (n < 4 ? EMPTY : NEVER))).subscribe();
    expect([peer.stats().heldBytes, peer.victim._life.isHolding]).toEqual([BUDGET_BYTES / 2, false]);
  });
});

const counted = CODECS.filter(([, { traits }]) => traits.overflowEnds === 'session' && traits.goAway !== 'none');

test.each(counted)(
  '%s: a peer that sends more than its window is told so by the code of the GoAway',
  (_name, codec) => {
    const peer = rawPeer({ codec, role: 'server' });
    const id = codec.traits.firstId.client;
    peer.send({ kind: 'open', id });
    const bytes = new Uint8Array(16_384);
    for (let sent = 0; sent <= codec.traits.initialWindowBytes; sent += bytes.length) {
      expect(peer.frames.some(({ kind }) => kind === 'goAway')).toBe(false);
      peer.send({ kind: 'data', id, bytes });
    }
    expect(peer.frames.find(({ kind }) => kind === 'goAway')).toMatchObject({ code: codec.codeOf('flowControl') });
    expect(codec.codeOf('flowControl')).not.toBe(codec.codeOf('none'));
  },
);

test.each(CODECS.filter(([, { traits }]) => traits.goAway !== 'none'))(
  '%s: a peer that breaks the protocol is told so by the code of the GoAway',
  (_name, codec) => {
    const peer = rawPeer({ codec, role: 'server' });
    // An id of our own side.
    peer.send(
      { kind: 'open', id: codec.traits.firstId.server },
      { kind: 'data', id: codec.traits.firstId.server, bytes: hello },
    );
    expect(peer.frames.find(({ kind }) => kind === 'goAway')).toMatchObject({ code: codec.codeOf('protocol') });
  },
);
