// Lint with type information. Layout is prettier's business; import direction and cycles are test/architecture's.

import {defineConfig, globalIgnores} from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['node_modules/', 'build/', 'dist/', '.servers/', '.demo/', '.bench/', 'coverage/']),
  {
    files: ['**/*.ts', '**/*.mjs'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
    rules: {
      eqeqeq: ['error', 'always', {null: 'ignore'}],
      'max-lines-per-function': ['error', {max: 70, skipBlankLines: true, skipComments: true}],
      'max-params': ['error', 4],
      'no-console': 'error',
      'no-async-promise-executor': 'error',
      'no-constant-condition': ['error', {checkLoops: false}],
      'no-empty': 'error',
      'no-loss-of-precision': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'separate-type-imports'}],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_'}],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      // A port's method is async by contract, whether or not one implementation waits.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/encode/**', 'src/binlog/**', 'src/sinks/*-batch.ts', 'test/support/memory-sink.ts'],
    // Called for each value: an object that names the arguments would cost more than the value.
    rules: {'max-params': ['error', 6]},
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test waits for its tests by itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite', 'before', 'after']},
          ],
        },
      ],
      '@typescript-eslint/unbound-method': 'off', // Contracts hand their subject's functions around.
      'max-lines-per-function': 'off', // A describe() or a contract is one function.
    },
  },
  {
    files: ['tools/**', 'demo/**', 'bench/**', 'test/support/**'],
    rules: {'no-console': 'off'}, // Their output is for people.
  },
)
