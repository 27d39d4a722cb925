import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blockRecord, messagesFrom, STREAM } from './block-file.testing.ts';
import { dropGuard, guardedTail, guardLogs, noteCleanStop } from './block-guard.ts';

const MESSAGES = messagesFrom(1, ['a', 'SET k v', 'x'.repeat(45), 'more', 'last']);
const RECORDS = MESSAGES.map((message, i) => blockRecord(i + 1, message));
const FILE = Buffer.concat(RECORDS);

/** The folder of an embedded nats-server with one log, and its newest file. */
function store(t: DisposableStack): { dir: string; path: string; index: string } {
  const dir = mkdtempSync(join(tmpdir(), 'weir-guard-'));
  t.defer(() => rmSync(dir, { recursive: true, force: true }));
  const folder = join(dir, 'store/jetstream/$G/streams', STREAM, 'msgs');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, '1.blk');
  writeFileSync(path, FILE);
  const index = join(folder, 'index.db');
  // It ends in the hash of the last record, and one of its own.
  writeFileSync(index, Buffer.concat([Buffer.alloc(20), FILE.subarray(-8), Buffer.alloc(8)]));
  return { dir, path, index };
}

/** With one bit in the message of record `seq` flipped. */
function damaged(records: readonly Buffer[], seq: number): Buffer {
  const file = records.map((record) => Buffer.from(record));
  const record = file[seq - 1]!;
  record[record.length - 9]! ^= 1;
  return Buffer.concat(file);
}

function given(dir: string): (Buffer | null)[] {
  const tail = guardedTail(dir, STREAM)!;
  return MESSAGES.map((_, i) => {
    const message = tail.message(i + 1);
    return message === null ? null : Buffer.from(message);
  });
}

test('each damage of a file has a copy of its own, and what one of them has whole is given back', () => {
  using t = new DisposableStack();
  const { dir, path } = store(t);
  const first = damaged(RECORDS.slice(0, 4), 2);
  writeFileSync(path, first);
  assert.match(guardLogs(dir).join(), /1\.blk is damaged at \d+: its hash is wrong; a copy is kept below guard$/);
  // nats-server cuts it there; a slave gives all back, more is written, and then another record is damaged.
  const second = damaged(RECORDS, 3);
  writeFileSync(path, second);
  assert.match(guardLogs(dir).join(), /a copy is kept below guard$/);
  const guard = join(dir, 'guard', STREAM);
  assert.deepEqual(readdirSync(guard).toSorted(), ['1', '2']);
  assert.deepEqual(readFileSync(join(guard, '1/1.blk')), first);
  assert.deepEqual(readFileSync(join(guard, '2/1.blk')), second);
  const tail = guardedTail(dir, STREAM)!;
  assert.deepEqual(given(dir), MESSAGES);
  assert.deepEqual([tail.firstSeq, tail.lastSeq, tail.damagedSeq], [1, 5, 0]);
  dropGuard(dir, STREAM);
  assert.equal(existsSync(guard), false);
});

test('what no copy has whole is told as damaged', () => {
  using t = new DisposableStack();
  const { dir, path } = store(t);
  for (const seq of [4, 2]) {
    writeFileSync(path, damaged(RECORDS.slice(0, 4), seq));
    guardLogs(dir);
  }
  writeFileSync(path, damaged(RECORDS.slice(0, 2), 2));
  guardLogs(dir);
  assert.deepEqual(given(dir), [...MESSAGES.slice(0, 4), null]);
  assert.equal(guardedTail(dir, STREAM)!.damagedSeq, 0, 'the first copy has 2, the second 4');
  rmSync(join(dir, 'guard', STREAM, '1'), { recursive: true });
  const { damagedSeq, lastSeq } = guardedTail(dir, STREAM)!;
  assert.deepEqual([damagedSeq, lastSeq], [2, 4]);
});

test('the same damage seen again is kept once', () => {
  using t = new DisposableStack();
  const { dir, path } = store(t);
  writeFileSync(path, damaged(RECORDS, 2));
  guardLogs(dir);
  assert.match(guardLogs(dir).join(), /an earlier copy is kept$/);
  assert.deepEqual(readdirSync(join(dir, 'guard', STREAM)), ['1']);
});

test('copies that an earlier version made are read', () => {
  using t = new DisposableStack();
  const { dir } = store(t);
  const guard = join(dir, 'guard', STREAM);
  mkdirSync(guard, { recursive: true });
  writeFileSync(join(guard, '1.blk'), damaged(RECORDS, 2));
  assert.deepEqual(given(dir), [MESSAGES[0], null, ...MESSAGES.slice(2)]);
  dropGuard(dir, STREAM);
  assert.equal(guardedTail(dir, STREAM), null);
});

test('behind a stop in order files are not read, once, and only while they are the ones of that moment', () => {
  using t = new DisposableStack();
  const { dir, path, index } = store(t);
  // Damage that no file system would tell of: nobody reads it.
  writeFileSync(path, damaged(RECORDS.slice(0, 4), 2));
  writeFileSync(index, Buffer.concat([Buffer.alloc(20), readFileSync(path).subarray(-8), Buffer.alloc(8)]));
  noteCleanStop(dir);
  assert.deepEqual(guardLogs(dir), []);
  assert.equal(guardedTail(dir, STREAM), null);
  assert.equal(guardLogs(dir).length, 1, 'the next start finds no mark');
  dropGuard(dir, STREAM);
  noteCleanStop(dir);
  utimesSync(path, new Date(), new Date());
  assert.equal(guardLogs(dir).length, 1, 'a file that was touched is read');
  dropGuard(dir, STREAM);
  noteCleanStop(dir);
  const bytes = readFileSync(path);
  rmSync(path);
  writeFileSync(path, bytes);
  assert.equal(guardLogs(dir).length, 1, 'a file that was put back is read');
});

test('a mark that is damaged counts for nothing', () => {
  using t = new DisposableStack();
  const { dir, path, index } = store(t);
  writeFileSync(path, damaged(RECORDS, 2));
  writeFileSync(index, Buffer.concat([Buffer.alloc(20), FILE.subarray(-8), Buffer.alloc(8)]));
  const mark = join(dir, 'clean-stop.json');
  noteCleanStop(dir);
  const whole = readFileSync(mark);
  for (let cut = 0; cut < whole.length - 2; cut += 3) {
    dropGuard(dir, STREAM);
    writeFileSync(mark, whole.subarray(0, cut));
    assert.equal(guardLogs(dir).length, 1, `${cut} bytes of the mark`);
    assert.equal(existsSync(mark), false);
  }
  for (const text of ['null', '7', '[]', '{"x":1}']) {
    dropGuard(dir, STREAM);
    writeFileSync(mark, text);
    assert.equal(guardLogs(dir).length, 1, text);
  }
});
