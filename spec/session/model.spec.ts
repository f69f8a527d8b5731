import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { actions, setting } from './model/actions.js';
import { Run } from './model/run.js';
import { CODECS } from './session-ends.js';

// FUZZ_RUNS makes it thorough; FUZZ_SEED goes on from a failure, or elsewhere.
const numRuns = Number(process.env.FUZZ_RUNS ?? 50);
const seed = process.env.FUZZ_SEED;

describe('whatever both ends do, and however their bytes arrive, streams deliver what was written and end as they were ended:', () => {
  test.each(CODECS)(
    '%s',
    async (_name, codec) => {
      const property = fc.asyncProperty(setting(codec), actions, async (start, steps) => {
        const run = new Run(codec, start);
        for (const step of steps) await run.do(step);
        await run.finish();
      });
      await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
    },
    600_000,
  );
});
