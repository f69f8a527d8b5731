import { describe, expect, test } from '@jest/globals';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget, type SessionOptions } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import type { Frame } from '../../src/wire/frame.js';
import { hostile, type Hostile } from './abuse/hostile.js';
import { arrivals, CODECS, turn } from './session-ends.js';

const idOf = ({ traits }: Codec, n: number): number => traits.firstId.client + 2 * n;

interface Side extends Hostile {
  readonly streams: MuxStream[];
  /** The peer opens its next stream: whether it was taken. */
  readonly opens: () => boolean;
  /** Bytes come on a stream, within what its window lets them. */
  readonly fill: (n: number, bytes: number) => void;
}

function side(codec: Codec, options: Partial<SessionOptions>): Side {
  const peer = hostile({ codec, ...options });
  const streams = arrivals(peer.victim);
  let opened = 0;
  return {
    ...peer,
    streams,
    opens() {
      const id = idOf(codec, opened++);
      const open: Frame[] = [{ kind: 'open', id }];
      if (codec.traits.streamType === 'prefix') open.push({ kind: 'data', id, bytes: new Uint8Array(4) });
      const before = streams.length;
      peer.send(...open);
      return streams.length > before;
    },
    fill(n, bytes) {
      const { maxPayloadBytes } = codec.traits;
      for (let left = bytes; left > 0; left -= maxPayloadBytes)
        peer.send({ kind: 'data', id: idOf(codec, n), bytes: new Uint8Array(Math.min(left, maxPayloadBytes)) });
    },
  };
}

// Where nothing can be refused, reading is held: held-opens.spec.ts.
const WINDOWED = CODECS.filter(([, { traits }]) => traits.credit !== 'none' && traits.reset !== 'none');

describe.each(WINDOWED)('a budget that sessions of %s share, full', (_name, codec) => {
  // What a type took of the first window is not granted again at once.
  const window = codec.traits.initialWindowBytes - 4;

  /** One session has filled it, with streams that nobody reads. */
  function full(options: Partial<SessionOptions> = {}) {
    const budget = receiveBudget({ maxBytes: 4 * window });
    const greedy = side(codec, { budget });
    for (let n = 0; n < 4; n++) {
      expect(greedy.opens()).toBe(true);
      greedy.fill(n, window);
    }
    expect(budget.usedBytes).toBe(budget.maxBytes);
    return { budget, greedy, other: side(codec, { budget, ...options }) };
  }

  test('refuses new streams to the session that filled it, and none to one that holds nothing', async () => {
    const { greedy, other } = full();
    expect(greedy.opens()).toBe(false);
    for (let n = 0; n < 10; n++) expect(other.opens()).toBe(true);
    await turn();
    expect([greedy.error(), other.error()]).toEqual([undefined, undefined]);
    expect(greedy.streams).toHaveLength(4);
  });

  test('refuses none to a session that holds an initial window, and all to one that holds more', () => {
    const { other } = full();
    expect([other.opens(), other.opens()]).toEqual([true, true]);
    other.fill(0, window);
    expect(other.opens()).toBe(true);
    other.fill(1, 4);
    expect(other.stats().heldBytes).toBe(codec.traits.initialWindowBytes);
    expect(other.opens()).toBe(true);
    other.fill(1, 1);
    expect(other.opens()).toBe(false);
    // And again as soon as that is read.
    other.streams[1]?.subscribe({ error: () => undefined });
    expect(other.opens()).toBe(true);
  });

  test('takes the windows that were asked for, where they are larger', () => {
    const { other } = full({ windowBytes: 2 * codec.traits.initialWindowBytes });
    for (let n = 0; n < 3; n++) expect(other.opens()).toBe(true);
    other.fill(0, window);
    other.fill(1, window);
    expect(other.opens()).toBe(true);
    other.fill(2, 9);
    expect(other.opens()).toBe(false);
  });

  test('refuses nothing any more once the greedy session is read, or over', () => {
    const { budget, greedy } = full();
    expect(greedy.opens()).toBe(false);
    greedy.streams[0]?.subscribe({ error: () => undefined });
    expect([greedy.opens(), budget.usedBytes]).toEqual([true, 3 * window]);
    greedy.victim.error('enough');
    expect(budget.usedBytes).toBe(0);
  });

  test('does not loosen the bound of a session of its own', () => {
    const alone = side(codec, { budget: receiveBudget({ maxBytes: 1 << 30 }), receiveBudgetBytes: 1000 });
    expect(alone.opens()).toBe(true);
    alone.fill(0, 999);
    expect(alone.opens()).toBe(true);
    alone.fill(0, 1);
    expect(alone.opens()).toBe(false);
  });
});
