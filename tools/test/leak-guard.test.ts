import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

/** Node's test runner on one of the fixtures, as main.ts calls it. */
function runFixture(name: string, env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const guard = path.join(import.meta.dirname, 'leak-guard.ts');
  const file = path.join(import.meta.dirname, 'fixtures', `${name}.test.mjs`);
  const child = spawn(process.execPath, [`--import=${guard}`, '--test', '--test-reporter=tap', file], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, TEST_GRACE_MS: '100', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 90_000,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

for (const name of ['leaves-a-server', 'hook-throws']) {
  test(`a test file that ${name.replaceAll('-', ' ')} fails and says what is open`, async () => {
    const { code, output } = await runFixture(name);
    assert.equal(code, 1, output);
    assert.match(output, /the tests of this file have ended.*TCPServerWrap/);
  });
}

test('a test file that never begins is ended at its bound', async () => {
  const { code, output } = await runFixture('never-begins', { TEST_FILE_MS_MAX: '1000' });
  assert.equal(code, 1, output);
  assert.match(output, /this file takes longer than 1 s/);
});

test('a test file that ends by itself passes', async () => {
  const { code, output } = await runFixture('ends');
  assert.equal(code, 0, output);
});

test('properties draw the same in CI, and another time something else by hand', async () => {
  const drawn = async (CI?: string): Promise<string> => {
    const { code, output } = await runFixture('draws', { CI } as Record<string, string>);
    assert.equal(code, 0, output);
    return /drawn [\d,]+\./.exec(output)![0];
  };
  assert.equal(await drawn('true'), await drawn('true'));
  assert.notEqual(await drawn(), await drawn());
});
