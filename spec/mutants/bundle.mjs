import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// One file of all specs of a folder: it is loaded once, and quickly.

// Specs of other folders that pin the code of one.
const ALSO = {
  conn: ['net', 'flow', 'session/session-contract', 'session/duplex-ends', 'session/write-done', 'testing'],
  flow: ['session/session-contract', 'session/unread-budget', 'session/shared-budget', 'sniff/sniff'],
  session: ['flow'],
  sniff: ['net'],
};
// Random models, floods and heaps take seconds. The last two wait for a certificate as they are loaded, which a bundle can't.
const LEFT_OUT = /model|fuzz|floods|memory|allocations|abuse-nothing|session-end\.|kept-addresses|quiet/;

const folder = process.argv[2].split('/', 1)[0];
const paths = [folder, ...ALSO[folder]];
const specs = readdirSync('spec', { recursive: true })
  .filter((path) => path.endsWith('.spec.ts') && !LEFT_OUT.test(path))
  .filter((path) => paths.some((wanted) => path.startsWith(`${wanted}/`) || path === `${wanted}.spec.ts`))
  .sort((a, b) => Number(b.startsWith(`${folder}/`)) - Number(a.startsWith(`${folder}/`)) || (a < b ? -1 : 1));

const globals = resolve('spec/mutants/globals.cjs');

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
  alias: { '@jest/globals': globals },
  external: [globals],
  // Specs ask for it to find the project, two folders up.
  define: { 'import.meta.url': JSON.stringify(pathToFileURL('spec/docs/pages.ts')) },
  logLevel: 'warning',
  outfile: 'temp/mutants/bundle/specs.cjs',
});
