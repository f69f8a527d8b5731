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

/** How a stream ended, and what its reader got. */
function endOf(stream: MuxStream): { code?: string; text?: string; bytes: number } {
  const end: { code?: string; text?: string; bytes: number } = { bytes: stream.bytesRead };
  stream.closed$.subscribe(({ error }) => {
    if (error === undefined) return;
    end.code = error.code;
    end.text = error.message;
  });
  return end;
}

// Where nothing can be refused, reading is held: held-opens.spec.ts.
const WINDOWED = CODECS.filter(([, { traits }]) => traits.credit !== 'none' && traits.reset !== 'none');

describe.each(WINDOWED)('a budget that sessions of %s share, full', (_name, codec) => {
  // What a type took of the first window is not granted again at once.
  const window = codec.traits.initialWindowBytes - 4;

  /** One session has filled it, with streams that nobody reads. */
  function full(options: Partial<SessionOptions> = {}, greedyOptions: Partial<SessionOptions> = {}) {
    const budget = receiveBudget({ maxBytes: 4 * window });
    const greedy = side(codec, { budget, ...greedyOptions });
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

  test('resets the newest stream of the session that holds the most, for one that holds less', async () => {
    const { budget, greedy, other } = full();
    const seen = greedy.streams.map(endOf);
    expect(other.opens()).toBe(true);
    other.fill(0, window);
    expect(other.streams[0]?.bytesRead).toBe(window);
    expect(budget.usedBytes).toBeLessThanOrEqual(budget.maxBytes);
    await turn();
    expect(seen.map(({ code }) => code)).toEqual([undefined, undefined, undefined, 'ERR_MUX_OVERFLOW']);
    expect(seen[3]?.text).toContain(`budget of ${budget.maxBytes}`);
    expect([...greedy.replies.keys()].map((reply) => reply.split(' ')[0])).toContain('reset');
    expect([greedy.error(), other.error()]).toEqual([undefined, undefined]);
  });

  test('reads a session that holds the most no further, and all of it once there is room', async () => {
    const { budget, greedy, other } = full();
    expect(other.opens()).toBe(true);
    other.fill(0, 1000);
    expect([other.victim._life.isHolding, greedy.victim._life.isHolding]).toEqual([false, false]);
    // One of the greedy session's streams is gone, and its peer fills two more.
    for (const n of [4, 5]) {
      greedy.opens();
      greedy.fill(n, window);
    }
    expect(greedy.victim._life.isHolding).toBe(true);
    expect(budget.usedBytes).toBeLessThan(budget.maxBytes + 65_536);
    for (const n of [0, 1]) greedy.streams[n]?.subscribe({ error: () => undefined });
    await greedy.clock.pass(1000);
    expect(greedy.victim._life.isHolding).toBe(false);
    expect(greedy.streams[5]?.bytesRead).toBe(window);
    expect([greedy.error(), other.error()]).toEqual([undefined, undefined]);
  });

  test('ends a session whose streams have to be reset again and again', async () => {
    const { greedy, other } = full({}, { resetRate: { burst: 3, perSecond: 0 } });
    for (let n = 0; n < 20 && greedy.error() === undefined; n++) {
      other.opens();
      other.fill(n, 2000);
      greedy.opens();
      greedy.fill(4 + n, window);
      await turn();
    }
    expect(greedy.error()?.code).toBe('ERR_MUX_CALM');
    expect(other.error()).toBeUndefined();
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
