/**
 * `npm run mutants -- PIECE` changes the code of a piece in small ways, one at a time, and tells which changes no spec notices.
 * A piece is a folder of src (`flow`) or a file (`session/core`). docs/testing.md says what came out.
 */
const piece = process.env['PIECE'] ?? '';
const [folder, file] = piece.split('/');

export default {
  mutate: [file === undefined ? `src/${folder}/**/*.ts` : `src/${piece}.ts`],
  // Error texts and log lines are most of the strings, and no spec pins their words.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  coverageAnalysis: 'perTest',
  testRunner: 'jest',
  buildCommand: `node spec/mutants/bundle.mjs ${piece}`,
  jest: { configFile: 'spec/mutants/jest.config.mjs', enableFindRelatedTests: false },
  ignorePatterns: ['bench', 'dist', '.ci'],
  tempDirName: 'temp/mutants/sandbox',
  incremental: true,
  incrementalFile: `temp/mutants/${piece.replace('/', '.')}.json`,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: `temp/mutants/${piece.replace('/', '.')}.report.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  checkers: [],
  concurrency: 1,
  timeoutMS: 8000,
  // One process for many mutants; what a mutant leaves behind must not pile up.
  maxTestRunnerReuse: 200,
  allowConsoleColors: false,
};
