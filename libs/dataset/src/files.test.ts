import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestEngine } from '@weir/commands/testing';
import { fingerprint, lists } from '@weir/keyspace';
import { LOG_START, isLogError } from '@weir/log';
import type { SnapshotManifest, SnapshotStore } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import {
  Pace,
  exportSnapshot,
  importRdbFile,
  loadRdbFile,
  loadSnapshot,
  uploadSnapshot,
  verifySnapshot,
  writeRdb,
} from './index.ts';
import { Follower } from '@weir/replica';
import type { LoadedSnapshot } from './index.ts';
import { LogFeeder, newTestKeyspace, testLogger } from '@weir/replica/testing';

const dir = mkdtempSync(join(tmpdir(), 'weir-replica-'));
after(() => rmSync(dir, { recursive: true }));

const nowMs = 1_700_000_000_000;
const rdbOptions = { id: 'file', engineVersion: 1, nowMs, redisVersion: '7.0.15' };

function engine(): TestEngine {
  const made = new TestEngine({ debug: false, reserveBytes: 1024 ** 3, now: nowMs });
  for (let i = 0; i < 5000; i++) made.call('SET', `key:${i}`, 'v'.repeat(i % 300));
  const many = Array.from({ length: 1000 }, (_, i) => `element ${i}`);
  for (const [size, elements] of [many.slice(0, 9), many].entries()) {
    made.call('RPUSH', `list:${size}`, ...elements);
    made.call('SADD', `set:${size}`, ...elements);
    made.call('SADD', `intset:${size}`, ...elements.keys());
    made.call('HSET', `hash:${size}`, ...elements.flatMap((field) => [field, 'v']));
    made.call('ZADD', `zset:${size}`, ...elements.flatMap((member, i) => [i % 7, member]));
    for (const element of elements) made.call('XADD', `stream:${size}`, '*', 'f', element);
  }
  made.call('XGROUP', 'CREATE', 'stream:1', 'group', '0');
  made.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '300', 'STREAMS', 'stream:1', '>');
  made.call('SET', 'gone:soon', 'x', 'PX', 1000);
  made.call('SET', 'stays', 'x', 'PX', 1_000_000);
  return made;
}

async function writeFile(name: string, from: TestEngine): Promise<string> {
  const chunks: Uint8Array[] = [];
  await writeRdb(from.ctx.keyspace, LOG_START, rdbOptions, async (chunk) => void chunks.push(chunk));
  const path = join(dir, name);
  writeFileSync(path, Buffer.concat(chunks));
  return path;
}

test('a file is loaded whole, and keys whose time has come are left out', async () => {
  const source = engine();
  const path = await writeFile('a.rdb', source);
  const keyspace = newTestKeyspace();
  const progress: number[] = [];
  const loaded = await loadRdbFile(path, keyspace, {
    nowMs: nowMs + 2000,
    onProgress: ({ loadedBytes, totalBytes }) => progress.push(loadedBytes / totalBytes),
  });
  assert.deepEqual([loaded.keys, loaded.expired, keyspace.size], [5013, 1, 5013]);
  assert.equal(loaded.auxFields.get('redis-ver'), '7.0.15');
  assert.equal(progress.at(-1), 1);
  source.call('DEL', 'gone:soon');
  assert.equal(fingerprint(keyspace), fingerprint(source.ctx.keyspace));
});

test('an imported file is the snapshot in front of the first record, verified and usable; the log goes on behind it', async () => {
  const snapshots = new FakeSnapshots();
  const log = new FakeLog();
  const path = await writeFile('b.rdb', engine());
  const options = { path, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs };
  const manifest = (await importRdbFile(options))?.manifest;
  assert.deepEqual([manifest?.state, manifest?.seq, manifest?.keys], ['usable', 0, 5014]);
  assert.equal(await importRdbFile(options), null, 'imported twice');
  const feeder = await LogFeeder.open(log);
  feeder.call('SET', 'later', 'y');
  // On a slave these meet the values of the file.
  feeder.call('RPUSH', 'list:0', 'later');
  await feeder.flush();
  const follower = new Follower({
    log,
    snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: () => nowMs,
  });
  await follower.bootstrap();
  follower.start();
  await follower.reached(log.lastSeq);
  assert.equal(follower.keyspace.size, 5015);
  const key = Buffer.from('list:0');
  const { keyspace } = follower;
  const holder = keyspace.dbs[0].keys.find(keyspace.hash(key, 0, key.length), key, 0, key.length);
  assert.equal(lists.length(keyspace.space, holder), 10);

  follower.stop();
});

test('a file that is not there is no error, a damaged one is, and leaves no snapshot behind', async () => {
  const snapshots = new FakeSnapshots();
  const path = await writeFile('c.rdb', engine());
  const options = { path, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs };
  assert.equal(await importRdbFile({ ...options, path: join(dir, 'none.rdb') }), null);
  truncateSync(path, 20_000);
  await assert.rejects(
    importRdbFile(options),
    /c\.rdb cannot be imported \(RDB version 10, written by Redis 7\.0\.15\): .*ends .*\(at offset 20000\)\. The file is damaged/,
  );
  assert.deepEqual(await snapshots.list(), []);
  assert.deepEqual(await snapshots.removeAbandoned(0), []);
});

test('a snapshot is exported byte for byte and atomically: a damaged one leaves the file of before and nothing else', async () => {
  const snapshots = new FakeSnapshots();
  const source = engine();
  const path = join(dir, 'out.rdb');
  const manifest = await uploadSnapshot(snapshots, source.ctx.keyspace, LOG_START, rdbOptions);
  await exportSnapshot(snapshots, manifest, path, { newKeyspace: newTestKeyspace, nowMs });
  const before = readFileSync(path);
  assert.equal(before.length, manifest.bytes);
  const keyspace = newTestKeyspace();
  await loadRdbFile(path, keyspace, { nowMs });
  assert.equal(fingerprint(keyspace), manifest.digest);
  snapshots.damage('file');
  await assert.rejects(exportSnapshot(snapshots, manifest, path, { newKeyspace: newTestKeyspace, nowMs }), (error) =>
    isLogError(error, 'snapshot-damaged'),
  );
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.includes('tmp')),
    [],
  );
});

test('verification finds a damaged snapshot, a wrong digest and a wrong number of keys', async () => {
  const snapshots = new FakeSnapshots();
  const source = engine();
  const options = { newKeyspace: newTestKeyspace, nowMs };
  const manifest = await uploadSnapshot(snapshots, source.ctx.keyspace, LOG_START, rdbOptions);
  await verifySnapshot(snapshots, manifest, options);
  const isDamage = (error: unknown): boolean => isLogError(error, 'snapshot-damaged');
  const digest = manifest.digest.replace(/^./, (c) => (c === '0' ? '1' : '0'));
  await assert.rejects(verifySnapshot(snapshots, { ...manifest, digest }, options), isDamage);
  await assert.rejects(verifySnapshot(snapshots, { ...manifest, keys: manifest.keys + 1 }, options), isDamage);
  snapshots.damage('file');
  await assert.rejects(verifySnapshot(snapshots, manifest, options), isDamage);
});

test('an upload that fails or is called off leaves nothing', async () => {
  const source = engine();
  const snapshots = new FakeSnapshots();
  snapshots.full = true;
  await assert.rejects(uploadSnapshot(snapshots, source.ctx.keyspace, LOG_START, rdbOptions), (error) =>
    isLogError(error, 'log-full'),
  );
  snapshots.full = false;
  const patience = new AbortController();
  const upload = uploadSnapshot(snapshots, source.ctx.keyspace, LOG_START, {
    ...rdbOptions,
    signal: patience.signal,
    onProgress: () => patience.abort(new Error('called off')),
  });
  await assert.rejects(upload, /called off/);
  assert.deepEqual(await snapshots.list(), []);
  assert.deepEqual(await snapshots.removeAbandoned(0), []);
});

test('the event loop turns while a file is loaded, a snapshot written and read, however fast the bytes come', async () => {
  const source = engine();
  const path = await writeFile('paced.rdb', source);
  let turns = 0;
  // Spent at once: every step is followed by a turn.
  const pace = new Pace({
    budgetMs: 0,
    turn: (done) => {
      turns++;
      setImmediate(done);
    },
  });
  const since = (): number => {
    const made = turns;
    turns = 0;
    return made;
  };
  await loadRdbFile(path, newTestKeyspace(), { nowMs, pace });
  assert.ok(since() >= 2);
  const chunks: Uint8Array[] = [];
  await writeRdb(source.ctx.keyspace, LOG_START, { ...rdbOptions, pace }, async (chunk) => void chunks.push(chunk));
  assert.ok(since() >= 4);
  const snapshots = new FakeSnapshots();
  const manifest = await uploadSnapshot(snapshots, source.ctx.keyspace, LOG_START, rdbOptions);
  snapshots.read = async function* () {
    yield* chunks; // without a turn between them
  };
  await loadSnapshot(snapshots, manifest, newTestKeyspace(), nowMs, () => {}, undefined, pace);
  assert.ok(since() >= chunks.length);
});

test('a follower takes the imported data set as it is, and does not read its snapshot again', async () => {
  const snapshots = new FakeSnapshots();
  const log = new FakeLog();
  const source = engine();
  const path = await writeFile('handed.rdb', source);
  const progress: number[] = [];
  const imported = await importRdbFile({
    path,
    snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    nowMs,
    onProgress: ({ loadedBytes, totalBytes }) => progress.push(loadedBytes / totalBytes),
  });
  assert.ok(imported !== null);
  assert.equal(fingerprint(imported.keyspace), fingerprint(source.ctx.keyspace));
  assert.deepEqual([progress.at(-1), progress.some((part) => Math.abs(part - 0.9) < 0.001)], [1, true], 'both passes');
  assert.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
  );

  const feeder = await LogFeeder.open(log);
  feeder.call('SET', 'later', 'y');
  await feeder.flush();
  snapshots.damage(imported.manifest.id); // who reads it from here on fails
  const options = { log, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), now: () => nowMs };
  const follower = new Follower({ ...options, loaded: imported });
  await follower.bootstrap();
  follower.start();
  await follower.reached(log.lastSeq);
  assert.equal(follower.keyspace, imported.keyspace);
  assert.equal(follower.keyspace.size, 5015);
  follower.stop();
});

test('an imported data set is dropped when another snapshot was usable first', async () => {
  const snapshots = new FakeSnapshots();
  const path = await writeFile('slower.rdb', engine());
  const options = { path, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs };
  const imported = await importRdbFile(options);
  assert.ok(imported !== null);
  const other = new TestEngine({ debug: false, now: nowMs });
  other.call('SET', 'whose', 'other');
  const newer = { ...rdbOptions, id: 'newer', nowMs: nowMs + 1 };
  await snapshots.markUsable((await uploadSnapshot(snapshots, other.ctx.keyspace, LOG_START, newer)).id);
  const follower = new Follower({
    log: new FakeLog(),
    snapshots,
    newKeyspace: newTestKeyspace,
    logger: testLogger(),
    now: () => nowMs,
    loaded: imported,
  });
  await follower.bootstrap();
  assert.equal(fingerprint(follower.keyspace), fingerprint(other.ctx.keyspace));
  follower.stop();
});

test('a module that left nothing in a file is told of, and its file is imported', async () => {
  const path = join(dir, 'module.rdb');
  const field = '\xf7\x81\x30\x16\xe5\xa2\x89\xbe\xf8\x04\x02\x01\x00';
  writeFileSync(path, Buffer.from(`REDIS0011${field}\xfe\x00\x00\x01k\x01v${field}\xff${'\0'.repeat(8)}`, 'latin1'));
  const logger = testLogger();
  const options = { path, snapshots: new FakeSnapshots(), newKeyspace: newTestKeyspace, logger, nowMs };
  assert.equal((await importRdbFile(options))?.keyspace.size, 1);
  const warned = logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  assert.deepEqual(warned, [
    `module "MBbloom--" (version 4) was loaded where ${path} was written; the file has no data of it`,
  ]);
});

test('what a file holds and Weir does not is refused with file, version, place and remedy, and leaves nothing', async () => {
  const body = (text: string): Buffer => Buffer.from(text, 'latin1');
  const aux = '\xfa\x09redis-ver\x057.2.5';
  const cases: [name: string, bytes: Buffer, said: RegExp][] = [
    [
      'library',
      body(`REDIS0011${aux}\xf6\x05mylib\x03LUA\x00\x01x`),
      /library\.rdb cannot be imported \(RDB version 11, written by Redis 7\.2\.5\): The function library mylib would be lost.*offset 26\)\. FUNCTION DELETE it/,
    ],
    [
      'valkey',
      body('VALKEY080\xfe\x00\x16\x01h\x01\x01f\x01v\xff\xff\xff\xff\xff\xff\xff\xff\xff'),
      /\(Valkey's RDB version 80\): Values of type hash-2 \(22\) are not supported, key "h" of database 0 \(at offset 11\)\. Delete the key/,
    ],
    [
      'future',
      body('REDIS0099'),
      /\(RDB version 99\): Can't handle RDB format version 99 .*RDB versions 1 to 13 .* and 80/,
    ],
    [
      'twice',
      body('REDIS0010\xfe\x03\x00\x01k\x01a\x00\x01k\x01b\xff'),
      /key "k" stands twice in database 3 \(at offset 16\)/,
    ],
    ['databases', body('REDIS0010\xfe\x40\xff\x00\x01k\x01a'), /a database 255, and there are 16 .*Raise `databases`/],
    ['text', body('hello world'), /text\.rdb cannot be imported: Wrong signature.*Only RDB files/],
  ];
  for (const [name, bytes, said] of cases) {
    const snapshots = new FakeSnapshots();
    const path = join(dir, `${name}.rdb`);
    writeFileSync(path, bytes);
    const options = { path, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs };
    await assert.rejects(importRdbFile(options), { message: said });
    assert.deepEqual(await snapshots.list(), []);
  }
});

/** Of one import into these snapshots. */
async function imported(snapshots: FakeSnapshots, path: string, atMs = nowMs): Promise<LoadedSnapshot> {
  const options = { path, snapshots, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs: atMs };
  const loaded = await importRdbFile(options);
  assert.ok(loaded !== null);
  return loaded;
}

async function storedBytes(snapshots: FakeSnapshots, manifest: SnapshotManifest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshots.read(manifest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('an imported snapshot is the file byte for byte, and whoever loads it has the data set of the master, expired keys left out', async () => {
  const snapshots = new FakeSnapshots();
  const source = engine();
  const path = await writeFile('raw.rdb', source);
  // 'gone:soon' is in the file, and its time has come.
  const { keyspace, manifest } = await imported(snapshots, path, nowMs + 2000);
  assert.deepEqual(await storedBytes(snapshots, manifest), readFileSync(path));
  assert.deepEqual([manifest.keys, manifest.importedAtMs, keyspace.size], [5013, nowMs + 2000, 5013]);
  assert.equal(fingerprint(keyspace), manifest.digest);
  // However late that is, and though a key more has expired: the log will say so.
  const late = newTestKeyspace();
  await loadSnapshot(snapshots, manifest, late, nowMs + 2_000_000);
  assert.equal(fingerprint(late), manifest.digest);
  await verifySnapshot(snapshots, manifest, { newKeyspace: newTestKeyspace, nowMs: nowMs + 2_000_000 });
});

test('a snapshot that is a file of a newer server is exported as one that Redis 7.0 loads', async () => {
  const snapshots = new FakeSnapshots();
  const path = join(dir, 'newer.rdb');
  // A set as a listpack, type 20 of RDB version 11; and a key that has expired.
  const expired = '\xfc\x01\x00\x00\x00\x00\x00\x00\x00\x00\x03old\x01v';
  const set = '\x14\x03set\x0a\x0a\x00\x00\x00\x01\x00\x81a\x02\xff';
  writeFileSync(path, Buffer.from(`REDIS0011\xfe\x00${expired}${set}\xff${'\0'.repeat(8)}`, 'latin1'));
  const { manifest } = await imported(snapshots, path);
  const out = join(dir, 'older.rdb');
  await exportSnapshot(snapshots, manifest, out, { newKeyspace: newTestKeyspace, nowMs });
  assert.equal(readFileSync(out).toString('latin1', 0, 9), 'REDIS0010');
  const keyspace = newTestKeyspace();
  const { keys, expired: left } = await loadRdbFile(out, keyspace, { nowMs: 0 });
  assert.deepEqual([keys, left, fingerprint(keyspace)], [1, 0, manifest.digest]);
});

test('bytes that were stored otherwise than they were decoded are found out, though the store vouches for them, and go', async () => {
  const snapshots = new FakeSnapshots();
  const create = snapshots.create.bind(snapshots);
  snapshots.create = async (meta) => {
    const upload = await create(meta);
    const write = upload.write.bind(upload);
    upload.write = (chunk) => {
      const other = chunk.slice();
      other[other.length >> 1]! ^= 1;
      return write(other);
    };
    return upload;
  };
  const path = await writeFile('otherwise.rdb', engine());
  await assert.rejects(imported(snapshots, path), (error) => isLogError(error, 'snapshot-damaged'));
  assert.deepEqual(await snapshots.list(), []);
});

test('a store that fails in the middle of an import is not called a fault of the file, and nothing stays', async () => {
  const path = await writeFile('full.rdb', engine());
  const snapshots = new FakeSnapshots();
  snapshots.full = true;
  await assert.rejects(imported(snapshots, path), (error) => isLogError(error, 'log-full'));
  assert.deepEqual(await snapshots.removeAbandoned(0), []);
});

test('an import that was killed anywhere is begun anew, and what it stored goes; other uploads stay', async () => {
  const path = await writeFile('killed.rdb', engine());
  for (const step of ['create', 'finish', 'read', 'markUsable'] as const) {
    const snapshots = new FakeSnapshots();
    const meta = { id: 'base-1', ...LOG_START, digest: '', keys: 0, engineVersion: 1, createdAt: nowMs };
    await (await snapshots.create(meta)).write(new Uint8Array(10));
    const killed = killedAt(snapshots, step);
    await assert.rejects(
      importRdbFile({ path, snapshots: killed, newKeyspace: newTestKeyspace, logger: testLogger(), nowMs }),
      /killed/,
    );
    const { manifest, keyspace } = await imported(snapshots, path, nowMs + 1);
    assert.deepEqual([manifest.keys, keyspace.size, manifest.createdAt], [5014, 5014, nowMs + 1], step);
    assert.deepEqual(
      (await snapshots.list()).map(({ id }) => id),
      [manifest.id],
    );
    assert.deepEqual(await snapshots.removeAbandoned(0), ['base-1']);
  }
});

/** From that step on nothing reaches the store, as after a kill. */
function killedAt(snapshots: FakeSnapshots, step: 'create' | 'finish' | 'read' | 'markUsable'): SnapshotStore {
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error('killed');
  };
  const alive = (): void => void (dead && die());
  return {
    ensure: () => snapshots.ensure(),
    list: () => snapshots.list(),
    newestUsable: () => snapshots.newestUsable(),
    removeAbandoned: (olderThanMs, idPrefix) => snapshots.removeAbandoned(olderThanMs, idPrefix),
    create: async (meta) => {
      const upload = await snapshots.create(meta);
      return {
        write: async (chunk) => {
          await upload.write(chunk);
          if (step === 'create') die();
        },
        finish: async (extra) => {
          const manifest = await upload.finish(extra);
          return step === 'finish' ? die() : manifest;
        },
        abort: async () => alive(),
      };
    },
    read: (manifest) => (step === 'read' ? die() : snapshots.read(manifest)),
    markUsable: (id) => (step === 'markUsable' ? die() : snapshots.markUsable(id)),
    remove: (id) => {
      alive();
      return snapshots.remove(id);
    },
  };
}
