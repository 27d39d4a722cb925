/** What a master does about what it finds when it looks at its log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOG_START, LogError, openWriter } from '@weir/log';
import type { LogWriter, SnapshotManifest } from '@weir/log';
import { FakeLog, FakeSnapshots } from '@weir/log/testing';
import type { LogAccess } from './log-access.ts';
import { watchLog } from './log-watch.ts';
import type { Logger } from './logger.ts';

const none = (): void => {};
const LOGGER = { debug: none, info: none, warn: none, error: none } as Logger;

/** Snapshots whose stream can be removed. */
class RemovableSnapshots extends FakeSnapshots {
  gone = false;
  made = 0;

  override async list(): Promise<SnapshotManifest[]> {
    if (this.gone) throw new LogError('log-missing', 'the stream of the snapshots is not there');
    return super.list();
  }

  override async ensure(): Promise<void> {
    if (this.gone) this.made++;
    this.gone = false;
  }
}

interface Scene {
  readonly log: FakeLog;
  readonly snapshots: RemovableSnapshots;
  readonly writer: LogWriter;
  /** What the watch has told. */
  readonly told: string[];
}

async function scene(): Promise<Scene> {
  const log = new FakeLog();
  const writer = await openWriter({
    log,
    tail: LOG_START,
    engineVersion: 1,
    retryMinMs: 1,
    leadership: { node: '0'.repeat(16), ip: '127.0.0.1', port: 1, begins: { kind: 'nothing' } },
  });
  return { log, snapshots: new RemovableSnapshots(), writer, told: [] };
}

/** So many looks; `before` is done before each. */
async function look({ log, snapshots, writer, told }: Scene, looks: number, before: (n: number) => void = none) {
  const abort = new AbortController();
  let count = 0;
  const pause = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (++count > looks) abort.abort();
    else before(count);
  };
  await watchLog(
    {
      access: { log, snapshots } as unknown as LogAccess,
      writer,
      logger: LOGGER,
      onUnreachable: async (why) => void told.push(`unreachable: ${why}`),
      onReachable: () => void told.push('reachable'),
      onGone: (error) => void told.push(`gone: ${(error as LogError).code}`),
    },
    abort.signal,
    pause,
  );
}

test('a log that reaches back to its beginning is reachable, now and then', async () => {
  const all = await scene();
  await look(all, 10);
  assert.deepEqual(all.told, ['reachable', 'reachable']);
});

test('a stream of snapshots that is gone is made anew, and the log counts as there', async () => {
  const all = await scene();
  all.snapshots.gone = true;
  await look(all, 10);
  assert.equal(all.snapshots.made, 1);
  assert.deepEqual(all.told, ['reachable'], 'at the look after the one that found it');
});

test('a log whose stream is gone is told when it stays so, not at the first look', async () => {
  const all = await scene();
  await look(all, 2, (n) => {
    if (n === 1) all.log.dropStream();
  });
  assert.deepEqual(all.told, []);
  await look(all, 3);
  assert.deepEqual(all.told, ['gone: log-missing']);
});
