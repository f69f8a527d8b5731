/** Unit, marble and integration specs; the interop suite (real peers) is a project of its own. */
const base = {
  testEnvironment: '<rootDir>/spec/environment.mjs',
  injectGlobals: false,
  // Other revisions are built there (bench:compare), each a package of the same name.
  modulePathIgnorePatterns: ['<rootDir>/temp/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
};

export default {
  // Jest leaves a core to its watcher; on two cores that would be half of them.
  maxWorkers: '100%',
  // A property spec takes a second or two; on a busy machine that must not fail it.
  testTimeout: 20_000,
  projects: [
    {
      ...base,
      displayName: 'spec',
      testMatch: ['<rootDir>/spec/**/*.spec.ts'],
      testPathIgnorePatterns: ['<rootDir>/spec/interop/'],
    },
    { ...base, displayName: 'interop', testMatch: ['<rootDir>/spec/interop/**/*.spec.ts'] },
  ],
};
