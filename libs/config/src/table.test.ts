import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Config } from './config.ts';
import { differentDefaults } from './differences.ts';
import { redis } from './redis-fixture.ts';
import { findDirective, table } from './table.ts';
import { parseValue } from './values.ts';

test('every directive that Redis 7.0.15 answers to CONFIG GET * exists, by name and by alias', () => {
  const missing = Object.keys({ ...redis.defaults, ...redis.hidden }).filter(
    (name) => findDirective(name) === undefined,
  );
  assert.deepEqual(missing, []);
});

test('defaults are those of Redis 7.0.15, apart from the listed differences', () => {
  const config = new Config();
  const different: string[] = [];
  for (const [name, value] of Object.entries({ ...redis.defaults, ...redis.hidden })) {
    const row = findDirective(name);
    if (row !== undefined && config.value(row.name as never) !== value) different.push(row.name);
  }
  assert.deepEqual(different.sort(), [...differentDefaults.keys()].sort());
});

test('CONFIG GET * answers the directives of Redis 7.0.15 and those of Weir, and no hidden one', () => {
  const names = new Config().get(['*']).map(([name]) => name);
  const weir = names.filter((name) => !(name in redis.defaults));
  assert.deepEqual(weir, [
    'set-max-listpack-entries', // these two since Redis 7.2
    'set-max-listpack-value',
    'nats-url',
    'nats-url-slave',
    'nats-url-replication',
    'nats-server',
    'nats-port',
    'nats-start-timeout',
    'weir-cluster',
    'log-replicas',
    'leader-lease',
    'leader-lease-margin',
    'leader-heartbeat',
    'link-listen',
    'link-announce',
    'link-connect',
    'ingress-workers',
    'weir-consistency',
    'weir-max-lag',
    'weir-read-wait',
    'weir-hold-timeout',
    'weir-unknown-outcome',
    'commit-timeout',
    'snapshot-keep',
    'snapshot-log-bytes',
    'log-orphan-ttl',
    'replication-app',
    'replication-copy',
    'admin-port',
    'admin-bind',
    'admin-token-file',
    'arena-reserve',
  ]);
  assert.equal(names.length - weir.length, Object.keys(redis.defaults).length);
});

test('every default is a valid value in canonical form', () => {
  for (const row of table) {
    if (row.name === 'dir') continue;
    const args = row.options.multi === true && row.default !== '' ? row.default.split(' ') : [row.default];
    // An empty replicaof is how CONFIG GET shows that there is none.
    if (row.name === 'replicaof') continue;
    const parsed = parseValue(row, args, { current: row.default, accumulate: false });
    assert.deepEqual(parsed, { text: row.default }, row.name);
  }
});

test('every row has a summary that is a sentence', () => {
  for (const row of table) assert.match(row.summary, /^\S.*\.$/, row.name);
});
