import js from '@eslint/js';
import rxjsX from 'eslint-plugin-rxjs-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const nodeGlobals = Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']));
const ban = (names, message) => names.map((name) => ({ name, message }));

export default defineConfig(
  globalIgnores(['dist/', 'temp/']),
  { linterOptions: { noInlineConfig: true } },
  js.configs.recommended,
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: nodeGlobals } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjsX.configs.strict],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // `import { type X } from 'm'` still imports m when it runs.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // It would turn the `bytes[i] as number` of a bounded loop into the assertion just banned.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Wire formats hold control characters.
      'no-control-regex': 'off',
      // Messages give numbers.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => server.close()` reads better than a block of one line.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A no-op says that there is nothing to do here.
      '@typescript-eslint/no-empty-function': 'off',
      // A Conn is an Observable: that is the idea of the library.
      'rxjs-x/no-subclass': 'off',
      // What is handed on, from a source to an observer, is whatever the source gave.
      'rxjs-x/throw-error': ['error', { allowThrowingUnknown: true }],
      // By contract closed$ emits once and never errs; the rules cannot know, and a handler for it would be dead code.
      'rxjs-x/no-ignored-error': 'off',
      'rxjs-x/no-ignored-default-value': 'off',
    },
  },
  { files: ['src/**/*.ts'], rules: { 'max-lines': ['error', 300], 'no-console': 'error' } },
  // The terminal is the command's only output.
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['src/errors.ts', 'src/{bytes,wire,conn,flow,session,sniff,observe,testing}/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...ban(['Buffer', 'process', 'setImmediate'], 'Only net, serve, dashboard and cli know Node.'),
        ...ban(
          ['setTimeout', 'setInterval', 'Date', 'performance'],
          'Take a SchedulerLike: marbles must rule the time.',
        ),
      ],
    },
  },
  // The one clock: what asks for the time asks a scheduler, and this says which time that is.
  { files: ['src/session/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
  // One subscribe function serves every Conn; TypeScript has no way to say that its `this` is one.
  {
    files: ['src/conn/conn.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      // Specs subscribe to the groups and streams that an outer subscription hands them.
      'rxjs-x/no-nested-subscribe': 'off',
      // A spec says which error it expects.
      'rxjs-x/no-implicit-any-catch': 'off',
      // A source may fail before its first value.
      'require-yield': 'off',
    },
  },
  {
    files: ['spec/types/**/*.ts'],
    rules: {
      // Their types are the test: a value that nobody reads, a type parameter used once.
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
);
