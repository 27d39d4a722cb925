import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationPage } from './docs.ts';
import { VERSION } from './version.ts';

const root = new URL('../../../', import.meta.url);

// node -e "import('./libs/config/src/docs.ts').then((c) => process.stdout.write(c.configurationPage()))" > docs/configuration.md
test('docs/configuration.md is what the table says', () => {
  assert.equal(readFileSync(new URL('docs/configuration.md', root), 'utf8'), configurationPage());
});

test('the version is the one of package.json', () => {
  assert.equal(JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version, VERSION);
});
