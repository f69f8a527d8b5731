/**
 * `npm run mutants -- PIECE` changes the code of a piece in small ways, one at a time, and tells which changes no spec notices.
 * A piece is a folder of src (`flow`), a file (`session/core`) or files of a folder (`session/core,session/writer`).
 * docs/testing.md says what came out.
 */
const piece = process.env['PIECE'] ?? '';
const report = `temp/mutants/${piece.replaceAll('/', '.')}`;

export default {
  mutate: piece.split(',').map((path) => (path.includes('/') ? `src/${path}.ts` : `src/${path}/**/*.ts`)),
  // Error texts and log lines are most of the strings, and no spec pins their words.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  coverageAnalysis: 'perTest',
  testRunner: 'circus',
  plugins: ['./spec/mutants/runner.mjs'],
  buildCommand: `node spec/mutants/bundle.mjs ${piece}`,
  ignorePatterns: ['bench', 'dist', '.ci'],
  tempDirName: 'temp/mutants/sandbox',
  incremental: true,
  incrementalFile: `${report}.json`,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: `${report}.report.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  checkers: [],
  concurrency: 1,
  // For one that never returns; a test that hangs fails long before.
  timeoutMS: 15_000,
  timeoutFactor: 0,
  allowConsoleColors: false,
};
