import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SERVER_CORE } from '../lib/child.mjs';
import { figuresOf } from '../lib/figures.mjs';
import { pinned, tools } from '../lib/machine.mjs';
import { inTurns } from '../lib/rounds.mjs';

const WANTED_MS = 60;
// The package by its own name, as its users import it.
const SUBJECTS = [
  { name: 'rxjs' },
  { name: 'rxmux', atMost: WANTED_MS },
  { name: 'rxmux/browser' },
  { name: 'rxmux/testing' },
  { name: '@grpc/grpc-js' },
  { name: 'ws' },
  ...(tools.libp2p === undefined ? [] : [{ name: '@chainsafe/libp2p-yamux' }]),
];

async function importMs({ name }) {
  const code = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start);`;
  const [file, ...args] = pinned(SERVER_CORE, [process.execPath, '--input-type=module', '--eval', code]);
  return Number((await promisify(execFile)(file, args)).stdout);
}

/** Milliseconds of an import in a process that has imported nothing before. */
export async function measureImports({ rounds, progress }) {
  // The first reads what is not in the system's memory yet.
  for (const subject of SUBJECTS) await importMs(subject);
  const measured = await inTurns({
    subjects: SUBJECTS,
    rounds,
    measure: importMs,
    progress: (round) => progress(`round ${round}/${rounds}`),
  });
  return figuresOf({ unit: 'ms', reference: 'rxjs', subjects: SUBJECTS, measured });
}
