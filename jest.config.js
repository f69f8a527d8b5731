/** Unit, marble and integration specs; the interop suite (real peers) is a project of its own. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
};

export default {
  projects: [
    { ...base, displayName: 'spec', testMatch: ['<rootDir>/spec/**/*.spec.ts'], testPathIgnorePatterns: ['/spec/interop/'] },
    { ...base, displayName: 'interop', testMatch: ['<rootDir>/spec/interop/**/*.spec.ts'] },
  ],
};
