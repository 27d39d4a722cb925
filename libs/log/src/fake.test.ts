import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeContract } from './store.contract.ts';
import { FakeLog, FakeSnapshots } from './testing.ts';

storeContract('fake', {
  log: async () => new FakeLog({ maxMessageBytes: 100_000 }),
  snapshots: async () => new FakeSnapshots(),
  outage: async (log) => {
    const fake = log as FakeLog;
    fake.fail('lost-ack', 'lost');
    await new Promise((resolve) => setTimeout(resolve, 5));
    fake.setConnected(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    fake.setConnected(true);
  },
  fill: async (log) => {
    (log as FakeLog).refusing = 'no-space';
    return async () => void ((log as FakeLog).refusing = null);
  },
  damage: async (snapshots, manifest) => (snapshots as FakeSnapshots).damage(manifest.id),
});

test('the fake overwrites what a handler was given, so that a kept view shows', async () => {
  const log = new FakeLog();
  await log.append(new Uint8Array([1, 2, 3]), 0);
  const kept: Uint8Array[] = [];
  const sub = log.consume(1, (_seq, message) => void kept.push(message), { onGap: () => {} });
  await new Promise((resolve) => setTimeout(resolve, 5));
  sub.stop();
  assert.deepEqual([...kept[0]!], [0xdb, 0xdb, 0xdb]);
  assert.deepEqual(await log.read(1), new Uint8Array([1, 2, 3]));
});

test('a silent fake says nothing until it is kicked', async () => {
  const log = new FakeLog();
  log.silent = true;
  let seen = 0;
  const sub = log.consume(1, () => void seen++, { onGap: () => {} });
  await log.append(new Uint8Array([1]), 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(seen, 0);
  log.silent = false;
  log.kick();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(seen, 1);
  sub.stop();
});
