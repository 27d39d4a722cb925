import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { DumpEncoder, parsePayload, verifyPayload } from './dump.ts';
import { NOT_INSTALLED, startRedis } from './real-redis.testing.ts';
import type { RealRedis } from './real-redis.testing.ts';
import { bytes, CollectingSink, latin1, putEntry, writeFile } from './testing.ts';
import type { CollectedEntry, FileOptions } from './testing.ts';

const FAR = 4102444800123;
const noise = latin1(Uint8Array.from({ length: 20_000 }, (_, i) => Math.imul(i * i + 7, 2654435761) >>> 13));

function entriesOf(lruIdleSeconds: number, lfuFreq: number): CollectedEntry[] {
  const values = [
    '',
    'hello',
    '0',
    '-128',
    '128',
    '-32769',
    '2147483647',
    '2147483648',
    '-0',
    'x'.repeat(63),
    'x'.repeat(64),
    'y'.repeat(21),
    'z'.repeat(300),
    'the lazy dog sleeps. '.repeat(5000),
    noise.slice(0, 100),
    noise.slice(0, 16383),
    noise.slice(0, 16384),
    noise + 'w'.repeat(1_000_000) + noise,
    '\x00\xff\r\n',
  ];
  const entries: CollectedEntry[] = [];
  for (const db of [0, 3, 15]) {
    values.forEach((value, i) => {
      const expireAtMs = i % 3 === 1 ? FAR + i : -1;
      entries.push({ db, key: i % 2 === 0 ? `${i}` : `key\r\n\xff${i}`, value, expireAtMs, lruIdleSeconds, lfuFreq });
    });
    entries.push({ db, key: 'a long key '.repeat(30), value: 'v', expireAtMs: -1, lruIdleSeconds, lfuFreq });
  }
  return entries;
}

function fileOf(entries: readonly CollectedEntry[], options: FileOptions = {}): Uint8Array {
  return writeFile((writer) => {
    writer.aux('redis-ver', '7.2.0');
    writer.aux('redis-bits', '64');
    writer.aux('weir-seq', '123456789012');
    writer.aux('weir-checksum', 'e9c6d914c4b8d9ca');
    let db = -1;
    for (const entry of entries) {
      if (entry.db !== db) {
        db = entry.db;
        const own = entries.filter((other) => other.db === db);
        writer.selectDb(db);
        writer.resizeDb(own.length, own.filter((other) => other.expireAtMs !== -1).length);
      }
      putEntry(writer, entry);
    }
  }, options);
}

async function withRedis(
  options: string[],
  prepare: (dir: string) => void,
  use: (redis: RealRedis) => Promise<void>,
): Promise<void> {
  const redis = await startRedis(options, prepare);
  try {
    await use(redis);
  } finally {
    await redis.stop();
  }
}

const nothing = (): void => {};

test('redis-check-rdb finds nothing wrong with our files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rdb-'));
  try {
    for (const options of [{}, { compress: false }, { checksum: false }, { chunkBytes: 64 }]) {
      const path = join(dir, 'dump.rdb');
      const entries = entriesOf(100, -1);
      writeFileSync(path, fileOf(entries, options));
      const output = check(path);
      assert.match(output, /RDB looks OK!/);
      assert.match(output, new RegExp(`\\] ${entries.length} keys read`));
      assert.match(output, /AUX FIELD weir-seq = '123456789012'/);
      assert.match(output, 'checksum' in options ? /RDB file was saved with checksum disabled/ : /Checksum OK/);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

function check(path: string): string {
  try {
    return execFileSync('redis-check-rdb', [path], { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`redis-check-rdb ${NOT_INSTALLED}`);
    throw error;
  }
}

const CASES = [
  { what: 'as it is', policy: 'noeviction', idle: -1, freq: -1, options: {} },
  {
    what: 'without compression and checksum',
    policy: 'noeviction',
    idle: -1,
    freq: -1,
    options: { compress: false, checksum: false },
  },
  { what: 'with idle times', policy: 'allkeys-lru', idle: 5000, freq: -1, options: {} },
  { what: 'with frequencies', policy: 'allkeys-lfu', idle: -1, freq: 222, options: { chunkBytes: 100 } },
];

for (const { what, policy, idle, freq, options } of CASES) {
  test(`a real redis-server loads our file ${what} and answers all of it`, async () => {
    const entries = entriesOf(idle, freq);
    const put = (dir: string): void => writeFileSync(join(dir, 'dump.rdb'), fileOf(entries, options));
    // With a limit on memory, because without one small integers are shared, and so would be their idle times.
    await withRedis(['--maxmemory-policy', policy, '--maxmemory', '1gb'], put, async ({ client }) => {
      let keys = 0;
      for (const db of [0, 3, 15]) {
        await client.select(db);
        keys += await client.dbsize();
      }
      assert.equal(keys, entries.length);
      for (const entry of entries) {
        const key = Buffer.from(entry.key, 'latin1');
        await client.select(entry.db);
        if (idle !== -1) {
          const answered = Number(await client.object('IDLETIME', key));
          assert.ok(answered >= idle && answered < idle + 60, `${answered}`);
        }
        // Frequencies decay by the minute: the test takes less.
        if (freq !== -1) assert.ok([freq, freq - 1].includes(Number(await client.object('FREQ', key))));
        assert.equal(await client.call('PEXPIRETIME', key), entry.expireAtMs);
        assert.equal((await client.getBuffer(key))?.toString('latin1'), entry.value);
      }
    });
  });
}

test('RESTORE of a real redis-server takes our payloads, and its DUMP is ours to the byte', async () => {
  await withRedis([], nothing, async ({ client }) => {
    const [encoder, plainEncoder] = [new DumpEncoder(true), new DumpEncoder(false)];
    const units = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }), {
      minLength: 1,
      maxLength: 4,
    });
    const values = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((data) => latin1(data)),
      fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map(String),
      fc.string({ minLength: 21, maxLength: 400, unit: fc.constantFrom('a', 'b', 'c') }),
      units.chain((some) => fc.array(fc.constantFrom(...some), { maxLength: 300 })).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const data = bytes(value);
        const plain = Buffer.from(plainEncoder.string(data, 0, data.length));
        assert.equal(await client.call('RESTORE', 'k', 0, plain, 'REPLACE'), 'OK');
        assert.equal((await client.getBuffer('k'))!.toString('latin1'), value);
        const ours = encoder.string(data, 0, data.length);
        const theirs = new Uint8Array((await client.dumpBuffer('k'))!);
        assert.deepEqual(ours, theirs);
        assert.equal(await client.call('RESTORE', 'k', 0, Buffer.from(ours), 'REPLACE'), 'OK');
        assert.equal((await client.getBuffer('k'))!.toString('latin1'), value);
        assert.equal(verifyPayload(theirs, 0, theirs.length), 'ok');
        const sink = new CollectingSink();
        assert.equal(parsePayload(theirs, 0, theirs.length, sink, 0, bytes('k'), 0, 1, -1, -1, -1), 'ok');
        assert.equal(sink.entries[0].value, value);
      }),
      { numRuns: 500 },
    );
  });
});

test('a changed payload is refused by both, as checksum or as format', async () => {
  await withRedis([], nothing, async ({ client }) => {
    const value = bytes('some text, some text, some text');
    const payload = new DumpEncoder().string(value, 0, value.length);
    for (let i = 0; i < payload.length; i++) {
      const changed = Buffer.from(payload);
      changed[i] ^= 0x11;
      assert.equal(verifyPayload(changed, 0, changed.length), 'bad');
      await assert.rejects(client.call('RESTORE', 'k', 0, changed), /DUMP payload version or checksum are wrong/);
    }
  });
});
