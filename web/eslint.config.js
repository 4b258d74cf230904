import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

const features = [
  'accounts',
  'appeals',
  'cases',
  'due',
  'evidence',
  'feeds',
  'names',
  'orders',
  'publication',
  'reports',
  'session',
];

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/generated', 'e2e/out'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  a11y.flatConfigs.recommended,
  hooks.configs.flat.recommended,
  {
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', URL: 'readonly' },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'react-hooks/set-state-in-effect': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Other people’s text is shown as text.',
        },
      ],
    },
  },
  // Parts of these run inside the page.
  {
    files: ['e2e/**'],
    languageOptions: { globals: { document: 'readonly', localStorage: 'readonly' } },
  },
  // A feature imports ui, api and i18n, never another feature (STYLE section 12).
  ...features.map((name) => ({
    files: [`src/features/${name}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@/app/*'], message: 'app composes features, not the other way round.' },
            ...features
              .filter((other) => other !== name)
              .map((other) => ({
                group: [`@/features/${other}/*`, `../${other}/*`],
                message: 'A feature never imports another one; app composes them.',
              })),
          ],
        },
      ],
    },
  })),
  {
    files: ['src/ui/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@/features/*', '@/app/*', '@/api/queries*'] }] },
      ],
    },
  },
);
