import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, NEVER } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { receiveBudget } from '../../src/session/options.js';
import type { Codec } from '../../src/wire/codec.js';
import { log } from '../session/raw-peer.js';
import { ends, joined, turn, turnsUntil, why } from '../session/session-ends.js';
import { BUSY, EXITS, RESETS, WAYS } from './ways-of-reading.js';

const MAX_BYTES = 1 << 30;

/** What holds for the readers of streams of every protocol: which bytes count as read, and what leaving means. */
export function readerContract(name: string, codec: Codec): void {
  const { traits } = codec;
  const hasReset = traits.reset !== 'none';
  /** What a reader sees of a reset. */
  const reset = hasReset ? 'ERR_MUX_RESET' : 'complete';
  const hasWindow = traits.initialWindowBytes !== Infinity;
  const windowBytes = hasWindow ? traits.initialWindowBytes : 262_144;
  // A window that does not grow, so that what is held is what nobody has read.
  const steady = hasWindow ? { maxWindowBytes: windowBytes } : {};

  describe(`a reader of a stream of ${name}`, () => {
    test('session case 29: a reader that leaves drains by default, and a peer that sends on after our end is told', async () => {
      const budget = receiveBudget({ maxBytes: MAX_BYTES });
      const pair = ends(codec, { server: { budget, ...steady } });
      const [near, far] = await joined(pair, new Uint8Array(windowBytes + 1000));
      const end = log(near);
      far.subscribe().unsubscribe();
      await turn();
      near.next(new Uint8Array(2 * windowBytes));
      await turn();
      expect([near.bufferedBytes, budget.usedBytes, end]).toEqual([0, 0, []]);
      far.complete();
      await turn();
      expect([end, far.isOver]).toEqual([['complete'], false]);
      near.next(new Uint8Array(1));
      await turn();
      expect(await why(far)).toBeUndefined();
      if (hasReset) expect(await why(near)).toBe('ERR_MUX_RESET');
      near.complete();
      await turn();
      expect([pair.client.streams, pair.server.streams]).toEqual([[], []]);
    });

    test.each(BUSY)(
      'session case 29: what %s was at work on as it left is not held against the peer',
      async (_, read) => {
        const budget = receiveBudget({ maxBytes: MAX_BYTES });
        const pair = ends(codec, { server: { budget, ...steady } });
        const [near, far] = await joined(pair, new Uint8Array(windowBytes));
        const reading = read(far).subscribe();
        await turn();
        expect(budget.usedBytes).toBeGreaterThan(0);
        reading.unsubscribe();
        near.next(new Uint8Array(windowBytes));
        await turn();
        expect([near.bufferedBytes, budget.usedBytes]).toEqual([0, 0]);
      },
    );

    test.each(['drain', 'reset'] as const)(
      'session case 29: nothing is left of 500 streams whose readers leave, with onCancel %s',
      async (onCancel) => {
        const budget = receiveBudget({ maxBytes: MAX_BYTES });
        const pair = ends(codec, { onCancel, server: { budget } });
        const ours: MuxStream[] = [];
        pair.server.accept$.subscribe((far) => {
          const reading = far.pipe(consume(() => NEVER)).subscribe({ error: () => undefined });
          setImmediate(() => {
            reading.unsubscribe();
            far.complete();
          });
        });
        for (let n = 0; n < 500; n++) {
          const near = pair.client.open();
          ours.push(near);
          near.subscribe({ complete: () => near.complete(), error: () => undefined });
          near.next(new Uint8Array(3000));
          near.next(new Uint8Array(3000));
          if (n % 50 === 0) await turn();
        }
        await turnsUntil(() => pair.server.streams.length + pair.client.streams.length === 0);
        await pair.clock.pass(1000);
        expect([ours.length, budget.usedBytes, pair.clock.timers]).toEqual([500, 0, 0]);
      },
    );

    test.each(EXITS)(
      'session case 33: %s resets with onCancel reset, and gives back what is held',
      async (_exit, leave) => {
        const budget = receiveBudget({ maxBytes: MAX_BYTES });
        const pair = ends(codec, { server: { budget, onCancel: 'reset' } });
        const [near, far] = await joined(pair, new Uint8Array(20_000));
        const end = log(near);
        await leave(far);
        await turn();
        expect([end, budget.usedBytes, pair.server.streams]).toEqual([[reset], 0, []]);
      },
    );

    test.each(RESETS)('session case 33: %s resets, and gives back what is held', async (_name, act) => {
      const budget = receiveBudget({ maxBytes: MAX_BYTES });
      const pair = ends(codec, { server: { budget } });
      const [near, far] = await joined(pair, new Uint8Array(20_000));
      const end = firstValueFrom(near).then(
        () => 'data',
        (error: unknown) => error,
      );
      act(far);
      await turn();
      if (traits.reset === 'code') expect(await end).toMatchObject({ wireCode: codec.codeOf('cancel') });
      else if (hasReset) expect(await end).toMatchObject({ code: 'ERR_MUX_RESET' });
      else expect(await end).toMatchObject({ name: 'EmptyError' });
      expect(await why(far)).toBe('ERR_MUX_ABORT');
      expect([budget.usedBytes, pair.server.streams]).toEqual([0, []]);
    });

    test.each(WAYS)(
      'session case 33: read by %s, what is held is what came and was not consumed',
      async (_way, read) => {
        const budget = receiveBudget({ maxBytes: MAX_BYTES });
        const pair = ends(codec, { server: { budget, ...steady, maxFrameBytes: 10_000 }, maxFrameBytes: 10_000 });
        const total = 2 * windowBytes + 777;
        const [near, far] = await joined(pair, new Uint8Array(total));
        near.complete();
        await turn();
        expect(budget.usedBytes).toBe(far.bytesRead);
        let taken = 0;
        const wrong: [held: number, unread: number][] = [];
        await read(far, (bytes) => {
          taken += bytes;
          const unread = far.bytesRead - taken;
          if (budget.usedBytes !== unread) wrong.push([budget.usedBytes, unread]);
        });
        expect([taken, wrong, budget.usedBytes]).toEqual([total, [], 0]);
      },
    );
  });
}
