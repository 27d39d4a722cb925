/** Which files of a real Redis a master takes, refuses and ignores. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Config } from '@weir/config';
import { FakeSnapshots } from '@weir/log/testing';
import { newTestKeyspace, testLogger } from '@weir/replica/testing';
import { importsFile } from './import-file.ts';
import type { LogAccess } from './log-access.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** One key, no checksum computed. */
const ONE_KEY = Buffer.from('REDIS0010\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0', 'latin1');

class Folder {
  readonly dir = mkdtempSync(join(tmpdir(), 'weir-import-'));
  readonly refused: Error[] = [];
  readonly access = { snapshots: new FakeSnapshots() } as unknown as LogAccess;

  constructor() {
    folders.push(this.dir);
  }

  put(name: string, content: string | Buffer): void {
    mkdirSync(join(this.dir, name, '..'), { recursive: true });
    writeFileSync(join(this.dir, name), content);
  }

  /** One life of a process. Returns the keys that were imported, null when none were, and what was logged. */
  async start(logIsEmpty: boolean, turns = 1): Promise<{ keys: number | null; warned: string[] }> {
    const config = new Config();
    config.assign('dir', [this.dir]);
    const logger = testLogger();
    const into = importsFile(config, logger, (error) => this.refused.push(error as Error));
    let keys: number | null = null;
    for (let i = 0; i < turns; i++) {
      const { signal } = new AbortController();
      const moment = { logIsEmpty, newKeyspace: newTestKeyspace, onProgress: () => {}, signal };
      keys = (await into(this.access, moment))?.keyspace.size ?? null;
    }
    return { keys, warned: logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message) };
  }
}

test('an append-only file refuses the first start, also beside a dump.rdb, and says how to bring it in', async () => {
  for (const name of [
    'appendonlydir/appendonly.aof.manifest',
    'appendonlydir/appendonly.aof.1.base.rdb',
    'appendonlydir/appendonly.aof.1.incr.aof',
    'appendonly.aof',
  ]) {
    const folder = new Folder();
    folder.put('dump.rdb', ONE_KEY);
    folder.put(name, 'something');
    await assert.rejects(folder.start(true), (error: Error) => {
      assert.ok(error.message.startsWith(`${join(folder.dir, name)} is an append-only file`), error.message);
      assert.match(error.message, /CONFIG SET appendonly no, SAVE, SHUTDOWN NOSAVE; move .* to another folder/);
      return true;
    });
    assert.equal(folder.refused.length, 1);
    assert.deepEqual(await folder.access.snapshots.list(), []);
  }
});

test('what is empty or of another name is no append-only file', async () => {
  const folder = new Folder();
  folder.put('dump.rdb', ONE_KEY);
  folder.put('appendonly.aof', '');
  folder.put('appendonlydir/appendonly.aof.1.incr.aof', '');
  folder.put('appendonlydir/notes.txt', 'mine');
  assert.deepEqual(await folder.start(true), { keys: 1, warned: [] });
});

test('the file that was imported is not warned of, another one is, once in a life of the process', async () => {
  const folder = new Folder();
  folder.put('dump.rdb', ONE_KEY);
  assert.deepEqual(await folder.start(true), { keys: 1, warned: [] });
  assert.deepEqual(await folder.start(false, 3), { keys: null, warned: [] });
  utimesSync(join(folder.dir, 'dump.rdb'), 1000, 1000);
  const { warned } = await folder.start(false, 3);
  assert.equal(warned.length, 1);
  assert.ok(warned[0].startsWith(`${join(folder.dir, 'dump.rdb')} is ignored: `));
});

test('files that come to a node with a log are said to be ignored, by name', async () => {
  const folder = new Folder();
  assert.deepEqual(await folder.start(true), { keys: null, warned: [] });
  folder.put('dump.rdb', ONE_KEY);
  folder.put('appendonly.aof', 'something');
  const { keys, warned } = await folder.start(false);
  assert.equal(keys, null);
  assert.deepEqual(
    warned.map((line) => line.split(' is ignored')[0]),
    [join(folder.dir, 'dump.rdb'), join(folder.dir, 'appendonly.aof')],
  );
  assert.deepEqual(folder.refused, []);
});
