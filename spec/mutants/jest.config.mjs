import { fileURLToPath } from 'node:url';

const path = (to) => fileURLToPath(new URL(to, import.meta.url));

export default {
  rootDir: path('../../temp/mutants/bundle'),
  testEnvironment: path('./environment.cjs'),
  injectGlobals: false,
  testMatch: ['<rootDir>/specs.cjs'],
  transform: {},
  testTimeout: 4000,
};
