/** Unit, marble and integration specs; the interop suite (real peers) is a project of its own. */
const base = {
  testEnvironment: 'node',
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
};

export default {
  projects: [
    {
      ...base,
      displayName: 'spec',
      testMatch: ['<rootDir>/spec/**/*.spec.ts'],
      testPathIgnorePatterns: ['<rootDir>/spec/interop/'],
    },
    // A peer may have to be compiled or started first.
    { ...base, displayName: 'interop', testMatch: ['<rootDir>/spec/interop/**/*.spec.ts'], testTimeout: 60_000 },
  ],
};
