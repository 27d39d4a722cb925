import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Member } from '@weir/cluster';
import { testConfig } from '@weir/config/testing';
import type { SnapshotManifest } from '@weir/log';
import { settingsOf } from './options.ts';
import { planRetention } from './retention.ts';
import type { RetentionInput } from './retention.ts';
import { dueReason } from './rules.ts';

const save = testConfig({ save: '3600 1 300 100' }).save;

test("save rules are Redis's: enough changes and more than the seconds passed; no rules, no snapshot", () => {
  const due = (changes: number, seconds: number) =>
    dueReason({ save, logBytesMax: 0, changes, logBytes: 1e12, sinceMs: seconds * 1000 });
  assert.equal(due(99, 3599), null);
  assert.equal(due(100, 300), null);
  assert.equal(due(100, 301), '100 changes in 300 seconds');
  assert.equal(due(1, 3601), '1 changes in 3600 seconds');
  assert.equal(due(0, 1e6), null);
  assert.equal(dueReason({ save: [], logBytesMax: 0, changes: 1e9, logBytes: 0, sinceMs: 1e12 }), null);
});

test('a long log makes a snapshot whatever the rules say', () => {
  assert.match(dueReason({ save: [], logBytesMax: 1000, changes: 1, logBytes: 1000, sinceMs: 0 })!, /1000 bytes/);
  assert.equal(dueReason({ save: [], logBytesMax: 1000, changes: 1, logBytes: 999, sinceMs: 0 }), null);
});

test('settings come from redis.conf, `save ""` included', () => {
  const settings = settingsOf(
    testConfig({
      save: '',
      'snapshot-keep': '5',
      'snapshot-log-bytes': '1mb',
      'replication-copy': 'resident',
      databases: '3',
    }),
  );
  assert.deepEqual(
    [settings.save, settings.keep, settings.logBytesMax, settings.mode],
    [[], 5, 1024 * 1024, 'resident'],
  );
  assert.equal(settings.newKeyspace().dbs.length, 3);
});

// ------------------------------------------------------------------------------------------------------ retention

const policy = { keep: 2, holdBytesMax: 200_000, holdMsMax: 900_000, silentMsMax: 10_000 };
const now = 1_000_000;

function manifest(seq: number, state: 'usable' | 'uploaded' = 'usable'): SnapshotManifest {
  return {
    id: `s${seq}`,
    seq,
    offset: seq,
    epoch: 1,
    checksum: '0'.repeat(16),
    digest: '',
    keys: 1,
    engineVersion: 1,
    createdAt: seq,
    format: 1,
    bytes: 1,
    parts: [],
    state,
  };
}

function member(over: Partial<Member>): Member {
  return {
    id: 'm',
    role: 'slave',
    ip: '',
    port: 1,
    epoch: 1,
    seq: 1000,
    offset: 0,
    state: 'online',
    receivedMs: now,
    ...over,
  };
}

/** A log of 1000 messages of 1000 bytes, snapshots at 300, 500 and 800. */
function plan(over: Partial<RetentionInput> = {}, rules = policy) {
  return planRetention(rules, {
    log: { firstSeq: 1, lastSeq: 1000, bytes: 1_000_000, messages: 1000 },
    snapshots: [manifest(800), manifest(500), manifest(300)],
    members: [],
    now,
    heldSinceMs: 0,
    ...over,
  });
}

test('the newest two snapshots stay, and the log from the older of them on', () => {
  assert.deepEqual(plan(), { remove: ['s300'], trimTo: 501, heldFor: [], outOfTime: false });
});

test('a single snapshot lets nothing be trimmed, unless only one is to be kept', () => {
  assert.equal(plan({ snapshots: [manifest(800)] }).trimTo, null);
  const single = plan({}, { ...policy, keep: 1 });
  assert.deepEqual([single.remove, single.trimTo], [['s500', 's300'], 801]);
});

test('more snapshots can be kept than the log reaches back for', () => {
  const three = plan({}, { ...policy, keep: 3 });
  assert.deepEqual([three.remove, three.trimTo], [[], 501]);
});

test('a snapshot that was uploaded and never proven goes when a newer one is usable, and keeps no log', () => {
  const made = plan({
    snapshots: [manifest(900, 'uploaded'), manifest(800), manifest(700, 'uploaded'), manifest(500)],
  });
  assert.deepEqual([made.remove, made.trimTo], [['s700'], 501]);
});

test('a slave that is behind keeps the log it needs, as far as the bound in bytes', () => {
  const catching = plan({
    snapshots: [manifest(980), manifest(960)],
    members: [member({ seq: 900, state: 'catching-up' })],
  });
  assert.deepEqual([catching.trimTo, catching.heldFor], [901, ['m']]);
  const far = plan({
    snapshots: [manifest(980), manifest(960)],
    members: [member({ seq: 100, state: 'catching-up' })],
  });
  assert.equal(far.trimTo, 801);
});

test('slaves that are up to date, silent ones, masters and other replication apps keep nothing', () => {
  const members = [
    member({ id: 'a' }),
    member({ id: 'b', seq: 10, receivedMs: now - 20_000 }),
    member({ id: 'c', seq: 10, role: 'master' }),
    member({ id: 'd', seq: 0, role: 'replication', state: 'loading' }),
  ];
  assert.deepEqual(plan({ members }), { remove: ['s300'], trimTo: 501, heldFor: [], outOfTime: false });
});

test('while a member loads a snapshot nothing is removed or trimmed, until its time is over', () => {
  const members = [member({ seq: 0, state: 'loading' })];
  assert.deepEqual(plan({ members }), { remove: [], trimTo: null, heldFor: ['m'], outOfTime: false });
  assert.equal(plan({ members, heldSinceMs: now - 899_000 }).trimTo, null);
  const over = plan({ members, heldSinceMs: now - 901_000 });
  assert.deepEqual(over, { remove: ['s300'], trimTo: 501, heldFor: ['m'], outOfTime: true });
  assert.deepEqual(plan({ members, snapshots: [manifest(800)] }).heldFor, [], 'there is nothing to hold back');
});

test('the data set that a log began with stays for as long as the beginning of the log does', () => {
  const snapshots = [manifest(800), manifest(500), manifest(0)];
  assert.deepEqual([plan({ snapshots }).remove, plan({ snapshots }).trimTo], [[], 501]);
  const log = { firstSeq: 501, lastSeq: 1000, bytes: 500_000, messages: 500 };
  assert.deepEqual(plan({ snapshots, log }).remove, ['s0']);
});
