import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { findUnused } from './unused.ts';

function unused(files: Record<string, string>): string[] {
  const sources = new Map(Object.entries(files));
  const resolve = (from: string, specifier: string): string | undefined => {
    if (specifier === '@weir/lib') return 'lib/index.ts';
    const file = path.join(path.dirname(from), specifier);
    return sources.has(file) ? file : undefined;
  };
  return findUnused(sources, resolve).map(({ file, name }) => (name === undefined ? file : `${file}: ${name}`));
}

test('an export that nothing imports and its own file does not use is found, and so is a file that nothing imports', () => {
  const files = {
    'main.ts': "import { used } from './a.ts'; used();",
    'a.ts': 'export const used = () => own(); export function own() {} export class Dead {} export interface Gone {}',
    'b.ts': 'export const x = 1;',
  };
  assert.deepEqual(unused(files), ['a.ts: Dead', 'a.ts: Gone', 'b.ts']);
});

test('a name that an index passes on is used when somebody imports it from there', () => {
  const files = {
    'main.ts': "import { a as other } from '@weir/lib'; import * as all from './c.ts'; other(all);",
    'lib/index.ts': "export { a, b } from './x.ts'; export type { T } from './x.ts'; export * from './y.ts';",
    'lib/x.ts': 'export const a = 1; export const b = 2; export type T = 1;',
    'lib/y.ts': 'export const y = 1;',
    'c.ts': 'export const c = 1; export default c;',
  };
  assert.deepEqual(unused(files), ['lib/index.ts: b', 'lib/x.ts: b', 'lib/x.ts: T', 'lib/y.ts: y']);
});

test('tests use what they import, and what is loaded by a path in a string is used whole', () => {
  const files = {
    'a.test.ts': "import { a } from './a.ts'; a;",
    'a.ts': "export const a = new URL('./child.ts', import.meta.url); void import('./later.ts');",
    'child.ts': 'export const x = 1;',
    'later.ts': 'export const y = 1;',
    'tool.ts': '// tools/run tool.ts\nexport const z = 1;',
  };
  assert.deepEqual(unused(files), []);
});
