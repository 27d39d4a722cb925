import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aliveProcesses, isAlive, openSign } from './alive-sign.ts';

test('a child gives its sign until it ends, and names itself on Linux', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-sign-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'alive');
  assert.equal(isAlive(path), false, 'there is no file');
  writeFileSync(path, 'what an interrupted copy of the folder leaves');
  assert.equal(isAlive(path), false, 'it is no pipe');
  assert.deepEqual(aliveProcesses(path), []);
  const sign = openSign(path);
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', sign], detached: true });
  t.after(() => void child.kill('SIGKILL'));
  closeSync(sign);
  // Started without the sign, by the process that has just made it.
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => void stranger.kill('SIGKILL'));
  assert.equal(isAlive(path), true);
  if (process.platform === 'linux') assert.deepEqual(aliveProcesses(path), [child.pid]);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  assert.equal(isAlive(path), false);
  assert.deepEqual(aliveProcesses(path), []);
  // The pipe that is there is used again.
  closeSync(openSign(path));
  assert.equal(isAlive(path), false);
});
