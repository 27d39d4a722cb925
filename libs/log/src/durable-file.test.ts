import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { syncTree, writeFileDurably } from './durable-file.ts';

function scratch(t: { after(done: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-durable-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('a file is replaced whole, with the wanted mode, and nothing is left beside it', (t) => {
  const dir = scratch(t);
  const path = join(dir, 'state.json');
  writeFileDurably(path, 'a long first text\n');
  // What a crash in the middle of a write leaves.
  writeFileSync(`${path}.new`, 'half', { mode: 0o644 });
  writeFileDurably(path, 'caf\u00e9', { mode: 0o600, encoding: 'latin1' });
  assert.deepEqual(readFileSync(path), Buffer.from('caf\u00e9', 'latin1'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dir), ['state.json']);
});

test('a write that fails leaves the old file and no other', (t) => {
  const dir = scratch(t);
  const path = join(dir, 'state.json');
  mkdirSync(path); // a file cannot take the place of a folder
  assert.throws(() => writeFileDurably(path, 'text'), { code: /EISDIR|ENOTDIR|EEXIST/ });
  assert.deepEqual(readdirSync(dir), ['state.json']);
  assert.throws(() => writeFileDurably(join(dir, 'nowhere/state.json'), 'text'), { code: 'ENOENT' });
});

test('a tree is synced file by file and folder by folder, while another process removes some of it', async (t) => {
  const dir = scratch(t);
  mkdirSync(join(dir, 'streams/a/msgs'), { recursive: true });
  for (let i = 0; i < 200; i++) writeFileSync(join(dir, `streams/a/msgs/${i}.blk`), 'block');
  writeFileSync(join(dir, 'streams/a/meta.inf'), '{}');
  const synced = syncTree(dir);
  for (let i = 0; i < 200; i++) rmSync(join(dir, `streams/a/msgs/${i}.blk`));
  await synced;
  await syncTree(join(dir, 'nowhere'));
  assert.deepEqual(readdirSync(join(dir, 'streams/a')), ['meta.inf', 'msgs']);
});
