// One bit flips in the newest file of a log. Many logs stand in one store, so that one start of nats-server shows many positions.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findNatsServer } from '@weir/toolchain';
import { scanBlock } from './block-file.ts';
import { dropGuard, guardedTail } from './block-guard.ts';
import type { GuardedTail } from './block-guard.ts';
import { connectNats } from './connect.ts';
import { startEmbeddedNats } from './embedded.ts';
import type { EmbeddedNatsEvent } from './embedded-options.ts';
import { healTail } from './heal.ts';
import { JetStreamLog, logStream } from './jetstream-log.ts';
import { LOG_START } from './reader.ts';
import { HEADER_BYTES } from './record.ts';
import { openWriter } from './open-writer.ts';
import type { LogWriter } from './writer.ts';

const binary = findNatsServer();
/** By hand: WEIR_FLIPS=2000 npm run test:e2e libs/log/src/block-guard */
const FLIPS = Number(process.env['WEIR_FLIPS'] ?? 20);
const SEED = Number(process.env['WEIR_SEED'] ?? 7);
const LOGS = 20;
const RECORDS = 12;

function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function scratch(t: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-guard-'));
  t.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

function newestFile(dir: string, logId: string): string {
  return join(dir, 'store/jetstream/$G/streams', logStream('c', logId), 'msgs/1.blk');
}

async function put(writer: LogWriter, text: string): Promise<void> {
  while (!writer.canAppend) await new Promise((resolve) => setImmediate(resolve));
  const buffer = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from(text)]);
  await new Promise((done) => writer.append(buffer, text.length, 1, done));
}

const LOG_IDS = Array.from({ length: LOGS }, (_, i) => `l${i}`);

/** A store with logs, stopped in order or killed; and what was acknowledged of each log. */
async function made(dir: string, clean: boolean): Promise<Map<string, Uint8Array[]>> {
  const nats = await startEmbeddedNats({ binary, dir, sync: 'no' });
  const link = await connectNats({ urls: nats.url, name: 't' });
  const all = new Map<string, Uint8Array[]>();
  for (const logId of LOG_IDS) {
    const log = new JetStreamLog(link, { cluster: 'c', logId });
    await log.ensureStream();
    const writer = await openWriter({ log, tail: LOG_START, engineVersion: 1 });
    for (let i = 1; i < RECORDS; i++) await put(writer, `record ${i} ${'.'.repeat(i * 5)}`);
    writer.stop();
    all.set(logId, await contents(log));
    log.close();
  }
  await link.close();
  if (!clean) process.kill(nats.pid!, 'SIGKILL');
  await nats.stop();
  return all;
}

async function contents(log: JetStreamLog): Promise<Uint8Array[]> {
  const { lastSeq } = await log.state();
  const messages = await Promise.all(Array.from({ length: lastSeq }, (_, i) => log.read(i + 1)));
  return messages.filter((message) => message !== null);
}

type Outcome = 'nothing lost' | 'refused and said' | 'silent';

/** As a node does that starts: what is whole goes back into the log, and what is not is said. */
async function outcome(log: JetStreamLog, guard: GuardedTail | null, before: readonly Uint8Array[]): Promise<Outcome> {
  if (guard !== null) await healTail(log, guard);
  const now = await contents(log);
  const same = now.every((message, i) => Buffer.compare(message, before[i]!) === 0);
  if (same && now.length === before.length) return 'nothing lost';
  const wanted = guard === null ? 0 : Math.max(guard.lastSeq, guard.damagedSeq);
  return same && now.length < wanted && !guard!.torn ? 'refused and said' : 'silent';
}

for (const clean of [false, true]) {
  test(`${FLIPS} single bits that flip in the newest file after ${clean ? 'a stop in order' : 'kill -9'} lose nothing, or are said`, async () => {
    await using t = new AsyncDisposableStack();
    const base = scratch(t);
    const before = await made(base, clean);
    const draw = random(SEED + (clean ? 1 : 0));
    const counts: Record<Outcome, number> = { 'nothing lost': 0, 'refused and said': 0, silent: 0 };
    const wrong: string[] = [];
    for (let done = 0; done < FLIPS; done += LOGS) {
      const dir = scratch(t);
      cpSync(base, dir, { recursive: true });
      const bits = new Map<string, number>();
      for (const logId of LOG_IDS.slice(0, FLIPS - done)) {
        const path = newestFile(dir, logId);
        const file = readFileSync(path);
        const bit = Math.floor(draw() * file.length * 8);
        file[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(path, file);
        bits.set(logId, bit);
      }
      const nats = await startEmbeddedNats({ binary, dir, sync: 'no' });
      const link = await connectNats({ urls: nats.url, name: 't' });
      for (const [logId, bit] of bits) {
        const log = new JetStreamLog(link, { cluster: 'c', logId });
        const what = await outcome(log, guardedTail(dir, logStream('c', logId)), before.get(logId)!);
        counts[what]++;
        if (what === 'silent') wrong.push(`${logId} bit ${bit}`);
        log.close();
      }
      await link.close();
      await nats.stop();
      rmSync(dir, { recursive: true, force: true });
    }
    if (FLIPS > LOGS) process.stderr.write(`${JSON.stringify({ clean, seed: SEED, ...counts })}\n`);
    assert.deepEqual(wrong, [], `seed ${SEED}`);
    assert.ok(counts['nothing lost'] > 0 && counts['refused and said'] > 0, 'both kinds were drawn');
  });
}

test('a copy is kept until it is settled, over later starts, and none is made of a file that is whole', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  await made(dir, false);
  const path = newestFile(dir, 'l0');
  const whole = readFileSync(path);
  const second = scanBlock(whole, logStream('c', 'l0'), 1).messages[1]!;
  const file = Buffer.from(whole);
  file[second.start + HEADER_BYTES]! ^= 1;
  writeFileSync(path, file);
  const events: EmbeddedNatsEvent[] = [];
  const kept = join(dir, 'guard', logStream('c', 'l0'), '1/1.blk');
  for (let start = 0; start < 2; start++) {
    const nats = await startEmbeddedNats({ binary, dir, sync: 'no', onEvent: (event) => events.push(event) });
    await nats.stop();
    assert.deepEqual(readFileSync(kept), file);
    assert.ok(readFileSync(path).length < file.length, 'nats-server has cut the file');
  }
  const said = events.filter(({ kind }) => kind === 'warning');
  assert.equal(said.length, 1);
  assert.match(said[0]!.detail, /1\.blk is damaged at \d+: its hash is wrong; a copy is kept below guard/);
  const guard = guardedTail(dir, logStream('c', 'l0'))!;
  assert.deepEqual(
    [guard.firstSeq, guard.lastSeq, guard.damagedSeq, guard.countBehind(2)],
    [1, RECORDS, 2, RECORDS - 2],
  );
  assert.equal(guardedTail(dir, logStream('c', 'l1')), null);
  dropGuard(dir, logStream('c', 'l0'));
  assert.equal(existsSync(kept), false);
});

test('half of a last record is a torn write: it is cut off, and nobody asks for it', async () => {
  await using t = new AsyncDisposableStack();
  const dir = scratch(t);
  await made(dir, false);
  const path = newestFile(dir, 'l0');
  truncateSync(path, readFileSync(path).length - 20);
  const nats = await startEmbeddedNats({ binary, dir, sync: 'no' });
  await nats.stop();
  const guard = guardedTail(dir, logStream('c', 'l0'))!;
  assert.deepEqual([guard.torn, guard.lastSeq, guard.damagedSeq], [true, RECORDS - 1, 0]);
});
