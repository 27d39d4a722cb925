/** Whether a log that ends too early is a loss that appendfsync allows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADER_BYTES, LOG_START, openWriter } from '@weir/log';
import type { LogPosition } from '@weir/log';
import { FakeLog } from '@weir/log/testing';
import type { Logger } from './logger.ts';
import type { Known } from './node-memory.ts';
import { explainsLoss } from './proof.ts';

async function lostLog(): Promise<{ log: FakeLog; at: (seq: number) => LogPosition }> {
  const log = new FakeLog();
  const writer = await openWriter({ log, tail: LOG_START, engineVersion: 1, retryMinMs: 1 });
  const positions: LogPosition[] = [LOG_START, writer.committed];
  for (let i = 0; i < 9; i++) {
    while (!writer.canAppend) await new Promise((resolve) => setImmediate(resolve));
    const text = `record ${i}`;
    const buffer = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from(text)]);
    await new Promise((done) => writer.append(buffer, text.length, 1, done));
    positions.push(writer.committed);
  }
  writer.stop();
  log.loseTail(4); // of 10
  return { log, at: (seq) => positions[seq]! };
}

function logger(warned: string[]): Logger {
  const none = (): void => {};
  return { debug: none, info: none, error: none, warn: (_fields, text) => void warned.push(text) } as Logger;
}

test('a machine that went down explains what was lost where appendfsync lets it be, and it is told', async () => {
  const { log, at } = await lostLog();
  const base: Known = { position: at(9), clean: false, slaves: [], bootId: 'a', sync: 'everysec', settled: at(5) };
  const explained: Partial<Known>[] = [{}, { sync: 'no' }, { settled: null }];
  for (const change of explained) {
    const warned: string[] = [];
    assert.equal(await explainsLoss(log, { ...base, ...change }, 'b', logger(warned)), true);
    assert.match(warned.join(), /at least 3 records are lost, as appendfsync (everysec|no) allows/);
  }
});

test('a loss is not explained by a process that died, by a stop in order, nor where each write is synced', async () => {
  const { log, at } = await lostLog();
  const base: Known = { position: at(9), clean: false, slaves: [], bootId: 'a', sync: 'everysec', settled: null };
  const warned: string[] = [];
  const changes: Record<string, [Partial<Known>, string | null]> = {
    'the same boot': [{}, 'a'],
    'a boot without a name': [{}, null],
    'a file that names no boot': [{ bootId: null }, 'b'],
    'a stop in order': [{ clean: true }, 'b'],
    always: [{ sync: 'always' }, 'b'],
    "somebody else's NATS server": [{ sync: null }, 'b'],
  };
  for (const [what, [change, bootId]] of Object.entries(changes))
    assert.equal(await explainsLoss(log, { ...base, ...change }, bootId, logger(warned)), false, what);
  assert.deepEqual(warned, []);
});

test('what had been on the disk for long is not explained away', async () => {
  const { log, at } = await lostLog();
  const known: Known = { position: at(9), clean: false, slaves: [], bootId: 'a', sync: 'no', settled: at(8) };
  const warned: string[] = [];
  await assert.rejects(explainsLoss(log, known, 'b', logger(warned)), { code: 'log-lost' });
  const other = { ...at(5), checksum: 'f'.repeat(16) };
  await assert.rejects(explainsLoss(log, { ...known, settled: other }, 'b', logger(warned)), { code: 'log-diverged' });
  assert.deepEqual(warned, []);
});
