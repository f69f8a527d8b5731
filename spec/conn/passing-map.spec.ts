import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PassingMap } from '../../src/conn/passing-map.js';
import { promotedBytes } from '../session/abuse/hostile.js';

describe('PassingMap', () => {
  it('has what a Map has, in its order, however much comes and goes', () => {
    const step = fc.record({ adds: fc.nat(700), removes: fc.nat(700) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const passing = new PassingMap<number, string>();
        const map = new Map<number, string>();
        let next = 0;
        for (const { adds, removes } of steps) {
          for (let i = 0; i < adds; i++, next++) {
            passing.set(next, `value ${next}`);
            map.set(next, `value ${next}`);
          }
          const gone = [...map.keys()].filter((at) => at % 3 !== 0).slice(0, removes);
          for (const key of gone) map.delete(key);
          expect(gone.every((key) => passing.delete(key) && !passing.delete(key))).toBe(true);
          expect(passing.size).toBe(map.size);
          expect([...passing.values()]).toEqual([...map.values()]);
          for (const key of [0, 1, next - 1]) {
            expect(passing.get(key)).toBe(map.get(key));
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it('goes on where a key is set again, and while it is read', () => {
    const passing = new PassingMap<number, number>();
    passing.set(1, 1);
    passing.set(1, 2);
    const seen: number[] = [];
    for (const value of passing.values()) {
      seen.push(value);
      passing.delete(1);
    }
    expect([seen, passing.size, passing.get(1)]).toEqual([[2], 0, undefined]);
  });

  it('shows the values that were there when another Map is begun while they are read', () => {
    const passing = new PassingMap<number, number>();
    for (let key = 0; key < 1030; key++) passing.set(key, key);
    for (let key = 0; key < 1024; key++) passing.delete(key);
    const seen: number[] = [];
    for (const value of passing.values()) {
      seen.push(value);
      if (value === 1024) passing.set(2000, 2000);
    }
    expect(seen).toEqual([1024, 1025, 1026, 1027, 1028, 1029]);
    expect([...passing.values()]).toEqual([...seen, 2000]);
  });

  // Of a Map all 38 MB stay until the next one.
  it('leaves nothing behind in the old generation after a full garbage collection', () => {
    const passing = new PassingMap<number, number[]>();
    let next = 0;
    const churn = (count: number): void => {
      for (let i = 0; i < count; i++, next++) {
        passing.set(next, Array<number>(40).fill(next));
        passing.delete(next - 64);
      }
    };
    expect(promotedBytes(churn)).toBeLessThan(4e6);
  });
});
