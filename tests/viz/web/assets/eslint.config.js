// The page's scripts run as they are, in the order of geobuffer/viz/web/page.py, and share one object.
import js from '@eslint/js';
import globals from 'globals';

const rules = {
  ...js.configs.recommended.rules,
  'max-len': ['error', { code: 110 }],
  'no-var': 'error',
  'prefer-const': 'error',
  eqeqeq: 'error',
  'no-implicit-globals': 'error',
  'no-eval': 'error',
  'no-unused-vars': 'error',
  // Text of a user's becomes markup through these; one helper parses folium's own, and says so.
  'no-restricted-properties': ['error',
    { property: 'outerHTML', message: 'Write text with textContent.' },
    { property: 'insertAdjacentHTML', message: 'Write text with textContent.' },
    { object: 'document', property: 'write', message: 'Write text with textContent.' }],
  'no-restricted-syntax': ['error', {
    selector: "AssignmentExpression[left.property.name='innerHTML']",
    message: 'Write text with textContent.',
  }],
};

export default [
  // Leaflet is carried as npm has it.
  { ignores: ['**/assets/leaflet/**'] },
  {
    files: ['**/geobuffer/viz/web/assets/*.js'],
    languageOptions: {
      ecmaVersion: 2022, sourceType: 'script', globals: { ...globals.browser, L: 'readonly' },
    },
    rules,
  },
  {
    files: ['**/geobuffer/viz/web/assets/*.mjs'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: globals.browser },
    rules,
  },
  {
    files: ['**/*.test.js', '**/eslint.config.js', '**/page.js'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: globals.node },
    rules: { ...rules, 'no-implicit-globals': 'off' },
  },
];
