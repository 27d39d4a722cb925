// Data sets of all types between Weir and real servers, by their files. WEIR_SEED repeats a run.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { TestEngine, latin1 } from '@weir/commands/testing';
import { datasetDigest, fingerprint } from '@weir/keyspace';
import type { Keyspace } from '@weir/keyspace';
import { LOG_START } from '@weir/log';
import { Gen, RawConnection, dataRows, firstSeed, generate, startOracle } from '@weir/testkit';
import type { OracleName } from '@weir/testkit';
import { loadRdbFile, writeRdb } from './index.ts';

const SEQUENCES = 12;
const seed = firstSeed('WEIR_SEED');
const HOUR_MS = 3_600_000;
const OPTIONS = ['--enable-debug-command', 'yes', '--proto-max-bulk-len', '1048576'];
const CONFIG = { 'enable-debug-command': 'yes', 'proto-max-bulk-len': '1048576' };

const digestOf = (keyspace: Keyspace): string => Buffer.from(datasetDigest(keyspace)).toString('hex');
const newEngine = (): TestEngine => {
  return new TestEngine({ debug: false, reserveBytes: 1024 ** 3, now: Date.now(), config: CONFIG });
};

/** The bytes of a bulk or simple string. */
const textOf = (reply: Uint8Array): string =>
  latin1(reply)
    .replace(/^\$\d+\r\n|^\+/, '')
    .replace(/\r\n$/, '');
/** A random sequence without FLUSHALL and FLUSHDB: near the end they would leave a data set in which types are missing. */
const requests = (from: number, oracle: OracleName = 'redis') =>
  generate(new Gen(from), dataRows, { oracle }).filter(({ args }) => !/^flush/i.test(latin1(args[0])));

/** An engine after some random sequences, in which nothing expires while the test looks at it. */
function randomEngine(first: number): TestEngine {
  const engine = newEngine();
  for (let i = 0; i < SEQUENCES; i++) {
    for (const { args } of requests(first + i)) engine.call(...args);
  }
  for (const { db, key, expireMs } of engine.contents()) {
    engine.call('SELECT', db);
    if (expireMs >= 0 && expireMs < engine.now + HOUR_MS) engine.call('DEL', Buffer.from(key, 'latin1'));
  }
  engine.call('SELECT', 0);
  engine.call('FUNCTION', 'FLUSH');
  return engine;
}

async function writeTo(path: string, engine: TestEngine): Promise<void> {
  const chunks: Uint8Array[] = [];
  const options = { id: 'file', engineVersion: 1, nowMs: engine.now, redisVersion: '7.0.15' };
  await writeRdb(engine.ctx.keyspace, LOG_START, options, async (chunk) => void chunks.push(chunk));
  writeFileSync(path, Buffer.concat(chunks));
}

async function withServer(
  oracle: OracleName,
  options: readonly string[],
  use: (connection: RawConnection, dir: string) => Promise<void>,
): Promise<void> {
  const server = await startOracle(oracle, [...OPTIONS, ...options]);
  try {
    const connection = await RawConnection.connect(server.port);
    try {
      await use(connection, server.dir);
    } finally {
      connection.close();
    }
  } finally {
    await server.stop();
  }
}

async function seeded(t: TestContext, run: () => Promise<void>): Promise<void> {
  t.diagnostic(`WEIR_SEED=${seed}`);
  try {
    await run();
  } catch (error) {
    throw new Error(`WEIR_SEED=${seed}`, { cause: error });
  }
}

test('a real redis-server loads our snapshot, has the same data set, and keeps it when it writes and reads it itself', (t) =>
  seeded(t, async () => {
    const engine = randomEngine(seed);
    const types = new Set(engine.contents().map(({ type }) => type));
    assert.deepEqual(types, new Set([0, 1, 2, 3, 4, 6]));
    const dir = mkdtempSync(join(tmpdir(), 'weir-replica-'));
    try {
      const path = join(dir, 'dump.rdb');
      await writeTo(path, engine);
      assert.match(execFileSync('redis-check-rdb', [path], { encoding: 'utf8' }), /RDB looks OK!/);
      for (const oracle of ['redis', 'valkey'] as const) {
        await withServer(oracle, ['--dir', dir, '--sanitize-dump-payload', 'yes'], async (connection) => {
          await sameData(connection, engine, oracle);
          assert.equal(latin1(await connection.call('DEBUG', 'RELOAD')), '+OK\r\n');
          await sameData(connection, engine, oracle);
        });
      }
      const again = newEngine();
      await loadRdbFile(path, again.ctx.keyspace, { nowMs: again.now });
      assert.equal(fingerprint(again.ctx.keyspace), fingerprint(engine.ctx.keyspace));
      again.verify();
    } finally {
      rmSync(dir, { recursive: true });
    }
  }));

for (const oracle of ['redis', 'valkey'] as const) {
  test(`what a real ${oracle}-server saves is loaded as the same data set`, (t) =>
    seeded(t, () =>
      withServer(oracle, [], async (connection, dir) => {
        await connection.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
        for (let i = 0; i < SEQUENCES; i++) {
          for (const { args } of requests(seed + i, oracle)) await connection.call(...args);
        }
        await settle(connection);
        const engine = newEngine();
        const limits = bulksOf(await connection.call('CONFIG', 'GET', '*-max-*')).map(String);
        for (let i = 0; i < limits.length; i += 2) {
          const [name, value] = limits.slice(i, i + 2);
          if (!/^(?:hash|list|set|zset|stream)-/.test(name)) continue;
          if (engine.text('CONFIG', 'GET', name) !== '*0\r\n') {
            assert.equal(engine.text('CONFIG', 'SET', name, value), '+OK\r\n', name);
          }
        }
        // Reloading makes it choose encodings as we do.
        assert.equal(latin1(await connection.call('DEBUG', 'RELOAD')), '+OK\r\n');
        const loaded = await loadRdbFile(join(dir, 'dump.rdb'), engine.ctx.keyspace, { nowMs: engine.now });
        assert.ok(loaded.keys > 30, `${loaded.keys} keys`);
        engine.verify();
        await sameData(connection, engine, oracle);
        if (oracle === 'valkey') await compareEncodings(connection, engine);
      }),
    ));
}

/** By the digest; Valkey's takes scores as it prints them, so there values are compared key by key. */
async function sameData(connection: RawConnection, engine: TestEngine, oracle: OracleName): Promise<void> {
  if (oracle === 'redis') {
    assert.equal(textOf(await connection.call('DEBUG', 'DIGEST')), digestOf(engine.ctx.keyspace));
    return;
  }
  let keys = 0;
  for (let db = 0; db < 16; db++) {
    await connection.call('SELECT', db);
    engine.call('SELECT', db);
    for (const key of await keysOf(connection)) {
      keys++;
      const isZset = textOf(await connection.call('TYPE', key)) === 'zset';
      const question = isZset ? ['ZRANGE', key, '0', '-1', 'WITHSCORES'] : ['DEBUG', 'DIGEST-VALUE', key];
      const [theirs, ours] = [await connection.call(...question), engine.call(...question)];
      if (isZset) assert.deepEqual(scoresOf(ours), scoresOf(theirs), key.toString('latin1'));
      else assert.equal(latin1(ours), latin1(theirs), key.toString('latin1'));
    }
  }
  assert.equal(keys, engine.ctx.keyspace.size);
}

function scoresOf(reply: Uint8Array): [string, number][] {
  const parts = bulksOf(reply).map((bulk) => bulk.toString('latin1'));
  return Array.from({ length: parts.length / 2 }, (_, i) => {
    return [parts[2 * i], Number(parts[2 * i + 1].replace('inf', 'Infinity'))];
  });
}

/** Nothing is to expire between the saving and the comparison. */
async function settle(connection: RawConnection): Promise<void> {
  for (let db = 0; db < 16; db++) {
    await connection.call('SELECT', db);
    for (const key of await keysOf(connection)) {
      const ttl = Number(textOf(await connection.call('PTTL', key)).replace(':', ''));
      if (ttl !== -1 && ttl < HOUR_MS) await connection.call('DEL', key);
    }
  }
  await connection.call('SELECT', 0);
}

/** Of the selected database. */
async function keysOf(connection: RawConnection): Promise<Buffer[]> {
  return bulksOf(await connection.call('KEYS', '*'));
}

/** The parts of a list of bulk strings. */
function bulksOf(reply: Uint8Array): Buffer[] {
  const buffer = Buffer.from(reply);
  const bulks: Buffer[] = [];
  let at = buffer.indexOf('\n') + 1;
  while (at < buffer.length) {
    const start = buffer.indexOf('\n', at) + 1;
    const length = Number(buffer.toString('latin1', at + 1, start - 2));
    bulks.push(buffer.subarray(start, start + length));
    at = start + length + 2;
  }
  return bulks;
}

async function compareEncodings(connection: RawConnection, engine: TestEngine): Promise<void> {
  for (let db = 0; db < 16; db++) {
    await connection.call('SELECT', db);
    engine.call('SELECT', db);
    for (const key of await keysOf(connection)) {
      const theirs = textOf(await connection.call('OBJECT', 'ENCODING', key));
      assert.equal(textOf(engine.call('OBJECT', 'ENCODING', key)), theirs, key.toString('latin1'));
    }
  }
}
