import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTokens, readTokenFile } from './tokens.ts';

const OPERATE = 'operate-0123456789';
const READ = 'read-0123456789abc';

test('a token file gives each token its role and its name; comments and empty lines say nothing', () => {
  const tokens = parseTokens(`# for the dashboards\n\n  read ${READ}\noperate ${OPERATE} on-call\n`);
  assert.equal(tokens.count, 2);
  assert.deepEqual(tokens.find(READ), { name: 'line 3', role: 'read' });
  assert.deepEqual(tokens.find(OPERATE), { name: 'on-call', role: 'operate' });
  for (const other of ['', READ.slice(1), `${READ} `, 'read']) assert.equal(tokens.find(other), null);
});

test('a line that is no token is refused by its number, and its text is not told', () => {
  for (const [line, why] of [
    [`admin ${READ}`, /line 2 is not/],
    [`read`, /line 2 is not/],
    [`read ${READ} two names`, /line 2 is not/],
    [`read short`, /line 2 is shorter than 16/],
    [`operate ${OPERATE}`, /line 2 stands there twice/],
  ] as const) {
    assert.throws(
      () => parseTokens(`operate ${OPERATE}\n${line}`),
      (error: Error) => why.test(error.message) && !error.message.includes(READ) && !error.message.includes(OPERATE),
    );
  }
});

test('a token file that others may read, that holds no token, or that is not there is refused', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-tokens-'));
  try {
    const file = join(dir, 'tokens');
    assert.throws(() => readTokenFile(file), /ENOENT/);
    writeFileSync(file, `read ${READ}\n`, { mode: 0o600 });
    assert.equal(readTokenFile(file).count, 1);
    for (const mode of [0o640, 0o604, 0o610]) {
      chmodSync(file, mode);
      assert.throws(() => readTokenFile(file), /others may read it; chmod 600/);
    }
    chmodSync(file, 0o600);
    writeFileSync(file, '# none\n');
    assert.throws(() => readTokenFile(file), /holds no token/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
