import { Child, SERVER_CORE } from '../lib/child.mjs';
import { figuresOf } from '../lib/figures.mjs';
import { tools } from '../lib/machine.mjs';
import { inTurns } from '../lib/rounds.mjs';

const REFERENCE = 'node:http2';
const SUBJECTS = [
  { name: REFERENCE, pipe: 'http2' },
  ...(tools.multiplex === undefined ? [] : [{ name: 'multiplex', pipe: 'multiplex' }]),
  ...['muxado1', 'muxado2', 'yamux', 'smux1', 'smux2'].map((codec) => ({ name: `rxmux ${codec}`, pipe: codec })),
];

/** Microseconds of 64 bytes and their echo on one stream, both ends in one process, nothing but memory between them. */
export async function measureMessages({ rounds, times, progress }) {
  const measured = await inTurns({
    subjects: SUBJECTS,
    rounds,
    measure: async ({ pipe }) => {
      const child = await Child.startScript(SERVER_CORE, 'micro/message-process.mjs', pipe);
      await child.ask('echoes', times / 10);
      const { micros } = await child.ask('echoes', times);
      await child.stop();
      return micros;
    },
    progress: (round) => progress(`round ${round}/${rounds}`),
  });
  return figuresOf({ unit: 'µs', reference: REFERENCE, subjects: SUBJECTS, measured });
}
