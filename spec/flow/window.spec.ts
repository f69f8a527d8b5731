import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ReceiveBudget } from '../../src/flow/receive-budget.js';
import { ReceiveWindow, type WindowRules } from '../../src/flow/window.js';

/** Rules with a clock and a round trip that are set by hand. */
interface Hand {
  readonly rules: WindowRules;
  readonly budget: ReceiveBudget;
  now: number;
}

function byHand(rules: Partial<WindowRules> = {}, maxBytes = 1_000_000): Hand {
  const budget = { maxBytes, usedBytes: 0 };
  const hand: Hand = {
    now: 1,
    budget,
    rules: {
      grantedBytes: 1000,
      initialBytes: 1000,
      usableBytes: Infinity,
      onGrown: () => undefined,
      maxBytes: 8000,
      reachedBytes: 0,
      rttMs: () => 100,
      now: () => hand.now,
      budgets: [budget],
      ...rules,
    },
  };
  return hand;
}

/** The peer sends a whole window's worth, and all of it is read. */
function use(window: ReceiveWindow, bytes = window.creditBytes): number {
  window.announce(bytes);
  return window.consume(bytes) ? window.grant() : 0;
}

describe('a receive window', () => {
  test('lets the peer send what it was granted, and not a byte more', () => {
    const window = new ReceiveWindow(byHand().rules);
    expect([window.announce(999), window.announce(2), window.announce(1), window.announce(1)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([window.creditBytes, window.heldBytes]).toEqual([0, 1000]);
  });

  test('gives credit back half a window at a time, for what was consumed', () => {
    const window = new ReceiveWindow(byHand().rules);
    window.announce(1000);
    expect([window.consume(499), window.consume(1)]).toEqual([false, true]);
    expect(window.grant()).toBe(500);
    expect([window.creditBytes, window.heldBytes, window.owedBytes]).toEqual([500, 500, 0]);
    expect(window.grant()).toBe(0);
  });

  test('that is larger than the protocol has it grants the rest first of all', () => {
    const window = new ReceiveWindow(byHand({ initialBytes: 5000 }).rules);
    expect([window.isLarger, window.grant(), window.isLarger]).toEqual([true, 4000, false]);
    expect(window.creditBytes).toBe(5000);
  });

  test('doubles when more than half of it is read faster than 4 x the part x the round trip, up to its cap', () => {
    const hand = byHand();
    const window = new ReceiveWindow(hand.rules);
    const sizes = [window.sizeBytes];
    for (let n = 0; n < 6; n++) {
      use(window);
      sizes.push(window.sizeBytes);
      hand.now += 100;
    }
    expect(sizes).toEqual([1000, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(hand.budget.usedBytes).toBe(7000);
  });

  test('goes at once to what another of its session has grown to, which takes an eighth of what is left to grow', () => {
    const hand = byHand({}, 112_000);
    const grown = (rounds: number): number[] => {
      const window = new ReceiveWindow(hand.rules);
      return Array.from({ length: rounds }, () => {
        use(window);
        hand.now += 100;
        return window.sizeBytes;
      });
    };
    expect(grown(5)).toEqual([1000, 2000, 4000, 8000, 8000]);
    // 49,000 are left, then 42,875, then 37,515 and so on: of each an eighth.
    const sizes = Array.from({ length: 6 }, () => grown(2));
    expect(sizes).toEqual([
      [1000, 7125],
      [1000, 6359],
      [1000, 5689],
      [1000, 5103],
      [1000, 4590],
      [1000, 4141],
    ]);
    expect(grown(3)).toEqual([1000, 3749, 7498]);
  });

  test('that could not grow is no example for others', () => {
    const hand = byHand({ maxBytes: 100_000 }, 4000);
    const first = new ReceiveWindow(hand.rules);
    for (let n = 0; n < 4; n++) use(first);
    expect([first.sizeBytes, hand.rules.reachedBytes]).toEqual([2000, 2000]);
    const second = new ReceiveWindow({ ...hand.rules, budgets: [{ maxBytes: 1_000_000, usedBytes: 0 }] });
    use(second);
    use(second);
    expect(second.sizeBytes).toBe(2000);
  });

  test('that grew for a burst is at its beginning again after five looks that found it hardly used', () => {
    const hand = byHand();
    const window = new ReceiveWindow(hand.rules);
    for (let n = 0; n < 4; n++) use(window);
    const looks = Array.from({ length: 7 }, (_, second) => {
      hand.now += 1000;
      use(window, second === 1 ? 500 : 499);
      return [window.rest(), window.sizeBytes];
    });
    const [kept, back] = [
      [true, 8000],
      [false, 1000],
    ];
    expect(looks).toEqual([kept, kept, kept, kept, kept, kept, back]);
    expect(hand.budget.usedBytes).toBe(0);
  });

  test('that has grown gives credit back by eighths, or by half of what it began with where that is more', () => {
    const hand = byHand({ maxBytes: 16_000 });
    const window = new ReceiveWindow(hand.rules);
    const least = (): number => {
      window.announce(window.creditBytes);
      let bytes = 1;
      while (!window.consume(1)) bytes++;
      return bytes;
    };
    const seen: [number, number][] = [];
    for (let n = 0; n < 6; n++) {
      seen.push([window.sizeBytes, least()]);
      window.consume(window.heldBytes);
      window.grant();
      hand.now += 100;
    }
    expect(seen).toEqual([
      [1000, 500],
      [1000, 500],
      [2000, 500],
      [4000, 500],
      [8000, 1000],
      [16_000, 2000],
    ]);
  });

  test('stays as it is when it is read just too slowly', () => {
    const hand = byHand();
    const window = new ReceiveWindow(hand.rules);
    for (let n = 0; n < 6; n++) {
      use(window, 500);
      hand.now += 200;
    }
    expect(window.sizeBytes).toBe(1000);
    use(window, 500);
    hand.now += 199;
    use(window, 500);
    expect(window.sizeBytes).toBe(2000);
  });

  test('is back at its beginning after 16 round trips without half of it read; no credit is taken back', () => {
    const hand = byHand();
    const window = new ReceiveWindow(hand.rules);
    for (let n = 0; n < 4; n++) use(window);
    expect([window.sizeBytes, window.creditBytes, hand.budget.usedBytes]).toEqual([8000, 8000, 7000]);
    hand.now += 1601;
    expect(use(window, 4000)).toBe(0);
    expect([window.sizeBytes, window.creditBytes, hand.budget.usedBytes]).toEqual([1000, 4000, 0]);
    hand.now += 5000;
    expect(use(window, 3000)).toBe(0);
    hand.now += 5000;
    expect([use(window, 500), window.sizeBytes]).toEqual([500, 1000]);
  });

  test('stays as it is when its stream was idle for seconds, and is then read in one go, or as fast as before', () => {
    const hand = byHand();
    const window = new ReceiveWindow(hand.rules);
    for (let n = 0; n < 4; n++) use(window);
    use(window, 1000);
    for (let second = 0; second < 4; second++) {
      hand.now += 1000;
      expect(window.rest()).toBe(true);
    }
    const sizes = Array.from({ length: 4 }, () => {
      use(window, 4000);
      hand.now += 900;
      return window.sizeBytes;
    });
    expect(sizes).toEqual([8000, 8000, 8000, 8000]);
  });

  test('grows by no more than half of every budget, and gives back what it took', () => {
    const hand = byHand({}, 2000);
    const roomy = { maxBytes: 1_000_000, usedBytes: 5 };
    const rules = { ...hand.rules, budgets: [hand.budget, roomy] };
    const [first, second] = [new ReceiveWindow(rules), new ReceiveWindow(rules)];
    for (let n = 0; n < 3; n++) for (const window of [first, second]) use(window);
    expect([first.sizeBytes, second.sizeBytes]).toEqual([2000, 1000]);
    expect([hand.budget.usedBytes, roomy.usedBytes]).toEqual([1000, 1005]);
    first.release();
    first.release();
    expect([hand.budget.usedBytes, roomy.usedBytes]).toEqual([0, 5]);
  });

  test('never lets more than its size be outstanding, nor loses credit, whatever is sent and read when', () => {
    const step = fc.record({ bytes: fc.nat(3000), read: fc.nat(3000), ms: fc.nat(2000) });
    const property = fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const hand = byHand();
      const window = new ReceiveWindow(hand.rules);
      let most = window.sizeBytes;
      for (const { bytes, read, ms } of steps) {
        hand.now += ms;
        window.announce(Math.min(bytes, window.creditBytes));
        if (window.consume(Math.min(read, window.heldBytes))) window.grant();
        most = Math.max(most, window.sizeBytes);
        expect(window.creditBytes + window.heldBytes).toBeLessThanOrEqual(most);
        expect(window.creditBytes + window.heldBytes + window.owedBytes).toBeGreaterThanOrEqual(window.sizeBytes);
        expect(hand.budget.usedBytes).toBe(window.sizeBytes - 1000);
      }
      window.release();
      expect(hand.budget.usedBytes).toBe(0);
    });
    fc.assert(property);
  });
});
