import tseslint from 'typescript-eslint';

export default tseslint.config(
  // The tests in a workbench have dependencies of their own; test/e2e/run.mjs checks them where those are installed.
  { ignores: ['dist/', 'node_modules/', 'media/', '.pinch/', 'test-results/', 'test/e2e/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.mjs', '*.js', 'scripts/*.mjs'] } } },
    rules: {
      // Numbers in messages are the rule here, not the exception.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
    },
  },
  // Tests and benchmarks index freely into arrays they have just made.
  { files: ['test/**', 'bench/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
