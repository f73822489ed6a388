// Lint rules for the whole repository. The boundaries of ARCHITECTURE.md (core decides, edge does, main wires) are
// errors here, so that they hold without anybody remembering them.
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const pureGlobals = [
  ['process', 'core/ is pure: take the value as an argument.'],
  ['fetch', 'core/ is pure: return an effect, let edge/ perform it.'],
  ['setTimeout', 'core/ is pure: return a deadline, let edge/ keep the timer.'],
  ['setInterval', 'core/ is pure: return a deadline, let edge/ keep the timer.'],
  ['setImmediate', 'core/ is pure: return an effect, let edge/ perform it.'],
  ['performance', 'core/ is pure: take the time as an argument.'],
  ['crypto', 'core/ is pure: take the random value as an argument.'],
].map(([name, message]) => ({ name, message }))

const pureImports = {
  paths: ['ws', 'express', 'undici', 'pino', 'prom-client', '@kubernetes/client-node', '@cpc/kube'].map(name => ({
    name,
    allowTypeImports: true,
    message: 'core/ is pure: only types may come from I/O libraries.',
  })),
  patterns: [
    { group: ['node:*'], message: 'core/ is pure: no Node modules.' },
    { group: ['**/edge/**', '**/main.ts', '**/env.ts'], message: 'core/ must not know edge/, env.ts or main.ts.' },
  ],
}

const impure = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'core/ is pure: take the time as an argument.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'core/ is pure: take the time as an argument.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'core/ is pure: take the random value as an argument.',
  },
]

const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only env.ts reads the environment.',
}

const tests = ['**/*.test.ts', '**/test/**/*.ts']

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.dev/**', '**/*.gen.ts', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/unbound-method': 'off',
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      complexity: ['error', 12],
      'no-console': 'error',
      'no-restricted-syntax': ['error', environment],
      eqeqeq: 'error',
    },
  },
  { files: ['**/env.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/core/**/*.ts', 'protocol/src/**/*.ts'],
    ignores: [...tests, 'protocol/src/generate.ts'],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-syntax': ['error', environment, ...impure],
      '@typescript-eslint/no-restricted-imports': ['error', pureImports],
    },
  },
  {
    files: ['**/edge/**/*.ts'],
    ignores: tests,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@cpc/*/**'], message: "Another package's inside is not yours: use its exports." }] },
      ],
    },
  },
  {
    files: tests,
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-syntax': 'off',
    },
  },
  {
    // Command line programs and build scripts talk to a person through the console.
    files: [
      'cli/**/*.ts',
      'devcluster/**/*.ts',
      'tooling/**/*.ts',
      '**/build.ts',
      '**/generate.ts',
      'e2e/**/*.ts',
      'bench/**/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
)
