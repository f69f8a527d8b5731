import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// One file of all specs of a piece: Jest loads every spec anew for every mutant, and one file is loaded quickly.

// Specs of other folders that pin the code of one.
const ALSO = {
  conn: ['session/session-contract', 'flow/flow', 'flow/flow-to-reset', 'flow/buffered', 'testing'],
  flow: ['session/session-contract', 'session/unread-budget', 'session/shared-budget', 'sniff/sniff'],
  session: ['flow/flow', 'flow/flow-to-reset', 'flow/credit-due', 'flow/operator-subscriptions'],
  sniff: [],
};
// Random models, floods and heaps take seconds for each mutant.
const TOO_SLOW = /model|fuzz|floods|memory|allocations|abuse-nothing/;

const [folder, file = ''] = process.argv[2].split('/');
const paths = [folder, ...ALSO[folder]];
const specs = readdirSync('spec', { recursive: true })
  .filter((path) => path.endsWith('.spec.ts') && !TOO_SLOW.test(path))
  .filter((path) => paths.some((wanted) => path.startsWith(`${wanted}/`) || path === `${wanted}.spec.ts`))
  // The specs of the file itself notice most of its mutants, and the first failure ends the run.
  .sort((a, b) => Number(b.includes(`/${file}`)) - Number(a.includes(`/${file}`)) || (a < b ? -1 : 1));

await build({
  stdin: {
    contents: [
      `import { describe } from '@jest/globals';`,
      ...specs.map((path) => `describe('${path}', () => { require('./spec/${path}'); });`),
    ].join('\n'),
    resolveDir: '.',
  },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  // Specs ask for it to find the project, two folders up.
  define: { 'import.meta.url': JSON.stringify(pathToFileURL('spec/docs/pages.ts')) },
  sourcemap: 'inline',
  logLevel: 'warning',
  outfile: 'temp/mutants/bundle/specs.cjs',
});
