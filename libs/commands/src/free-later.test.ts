// What is given back later (libs/keyspace/src/free-later.ts), as clients, the log and INFO see it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyMemoryPolicy } from './core/evict.ts';
import { TestEngine } from './testing.ts';
import type { TestArg } from './testing.ts';

function engine(config: Record<string, string> = {}, reserveBytes = 1 << 26): TestEngine {
  const made = new TestEngine({ config, reserveBytes });
  applyMemoryPolicy(made.ctx.keyspace, made.config);
  return made;
}

function fill(made: TestEngine, key: string, members = 1000): void {
  const args: TestArg[] = [];
  for (let i = 0; i < members; i++) args.push(`member:${i}`);
  assert.equal(made.text('SADD', key, ...args), `:${members}\r\n`);
}

function info(made: TestEngine, field: string): number {
  const found = new RegExp(`\\r\\n${field}:(\\d+)\\r\\n`).exec(made.text('INFO', 'everything'));
  assert.ok(found, field);
  return Number(found[1]);
}

function lazyfree(made: TestEngine): { pending: number; freed: number } {
  return { pending: info(made, 'lazyfree_pending_objects'), freed: info(made, 'lazyfreed_objects') };
}

/** What the engine does in the background. */
function drain(made: TestEngine): void {
  while (made.ctx.keyspace.later.step(50) > 0);
  made.verify();
}

test('UNLINK of a large value removes the key at once and gives its memory back later', () => {
  const made = engine();
  made.call('SET', 'other', 'v');
  fill(made, 'small', 3);
  made.call('UNLINK', 'small');
  assert.deepEqual(lazyfree(made), { pending: 0, freed: 0 });
  const before = info(made, 'used_memory');
  fill(made, 'set');
  const full = info(made, 'used_memory');
  assert.equal(made.text('UNLINK', 'set', 'nothing'), ':1\r\n');
  assert.deepEqual(made.effects, [
    ['SELECT', '0'],
    ['UNLINK', 'set', 'nothing'],
  ]);
  assert.equal(made.text('EXISTS', 'set'), ':0\r\n');
  assert.equal(made.text('DBSIZE'), ':1\r\n');
  assert.equal(info(made, 'used_memory'), full);
  assert.deepEqual(lazyfree(made), { pending: 1, freed: 0 });
  fill(made, 'set', 2);
  drain(made);
  assert.equal(made.text('SCARD', 'set'), ':2\r\n');
  made.call('DEL', 'set');
  assert.equal(info(made, 'used_memory'), before);
  assert.deepEqual(lazyfree(made), { pending: 0, freed: 1 });
  made.call('CONFIG', 'RESETSTAT');
  assert.deepEqual(lazyfree(made), { pending: 0, freed: 0 });
});

test('without a setting only UNLINK and ASYNC leave anything for later', () => {
  const made = engine();
  fill(made, 'stays', 3);
  for (const way of [
    ['DEL', 'key'],
    ['SET', 'key', 'v'],
    ['RENAME', 'stays', 'key'],
    ['SUNIONSTORE', 'key', 'stays'],
    ['SUNIONSTORE', 'key', 'nothing'],
    ['COPY', 'stays', 'key', 'REPLACE'],
    ['PEXPIREAT', 'key', '1'],
    ['SPOP', 'key', '1000'],
    ['FLUSHDB', 'SYNC'],
  ]) {
    made.call('DEL', 'key');
    fill(made, 'key');
    if (made.text('EXISTS', 'stays') === ':0\r\n') fill(made, 'stays', 3);
    made.call(...way);
    assert.deepEqual(lazyfree(made), { pending: 0, freed: 0 }, way.join(' '));
  }
});

test('each lazyfree setting leaves for later what Redis leaves, and the log says UNLINK where Redis does', () => {
  const expired = (made: TestEngine): void => {
    made.call('PEXPIRE', 'key', 5);
    made.now += 10;
    made.call('EXISTS', 'key');
  };
  const cases: [setting: string, way: readonly string[] | ((made: TestEngine) => void), effect: readonly string[]][] = [
    ['user-del', ['DEL', 'key'], ['DEL', 'key']],
    ['server-del', ['SET', 'key', 'v'], ['SET', 'key', 'v']],
    ['server-del', ['SETEX', 'key', '100', 'v'], []],
    ['server-del', ['MSET', 'key', 'v'], ['MSET', 'key', 'v']],
    ['server-del', ['RENAME', 'stays', 'key'], ['RENAME', 'stays', 'key']],
    ['server-del', ['COPY', 'stays', 'key', 'REPLACE'], ['COPY', 'stays', 'key', 'REPLACE']],
    ['server-del', ['SUNIONSTORE', 'key', 'stays'], ['SUNIONSTORE', 'key', 'stays']],
    ['server-del', ['SUNIONSTORE', 'key', 'nothing'], ['SUNIONSTORE', 'key', 'nothing']],
    ['server-del', ['ZUNIONSTORE', 'key', '1', 'stays'], ['ZUNIONSTORE', 'key', '1', 'stays']],
    ['server-del', ['SORT', 'stays', 'ALPHA', 'STORE', 'key'], ['SORT', 'stays', 'ALPHA', 'STORE', 'key']],
    ['server-del', ['BITOP', 'AND', 'key', 'nothing'], ['BITOP', 'AND', 'key', 'nothing']],
    ['server-del', ['SPOP', 'key', '2000'], ['UNLINK', 'key']],
    ['expire', expired, ['UNLINK', 'key']],
    ['expire', ['PEXPIREAT', 'key', '1'], ['UNLINK', 'key']],
    ['user-flush', ['FLUSHDB'], ['FLUSHDB']],
    ['user-flush', ['FLUSHDB', 'ASYNC'], ['FLUSHDB', 'ASYNC']],
  ];
  for (const [setting, way, effect] of cases) {
    const made = engine({ [`lazyfree-lazy-${setting}`]: 'yes' });
    const what = `${setting}: ${typeof way === 'function' ? way.name : way.join(' ')}`;
    fill(made, 'stays', 3);
    made.call('MOVE', 'stays', 1);
    fill(made, 'stays', 3);
    fill(made, 'key');
    const used = made.arena.usedBytes;
    if (typeof way === 'function') way(made);
    else made.call(...way);
    const { pending } = lazyfree(made);
    assert.equal(pending, setting === 'user-flush' ? 2 : 1, what);
    assert.ok(made.arena.usedBytes > used - 20_000, what);
    if (effect.length > 0) {
      const logged = made.history.map((record) => Buffer.from(record).toString('latin1')).join('');
      assert.ok(
        logged.endsWith(`*${effect.length}\r\n${effect.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`),
        what,
      );
    }
    assert.deepEqual(made.replica().contents(), made.contents(), what);
    drain(made);
    assert.equal(lazyfree(made).freed, pending, what);
    assert.ok(made.arena.usedBytes < used - 20_000, what);
  }
});

test('strings are given back at once, but the log says UNLINK all the same', () => {
  const made = engine({ 'lazyfree-lazy-expire': 'yes', 'lazyfree-lazy-user-del': 'yes' });
  const last = (): string => made.effects.at(-1)!.join(' ');
  made.call('SET', 'a', 'v'.repeat(100_000));
  made.call('GETDEL', 'a');
  assert.equal(last(), 'UNLINK a');
  made.call('SET', 'a', 'v');
  made.call('GETEX', 'a', 'PXAT', '1');
  assert.equal(last(), 'UNLINK a');
  made.call('SET', 'a', 'v');
  made.call('DEL', 'a');
  assert.equal(last(), 'DEL a');
  assert.deepEqual(lazyfree(made), { pending: 0, freed: 0 });
  assert.equal(made.arena.usedBytes, 0);
});

test('FLUSHDB ASYNC of one of several databases empties it at once; FLUSHALL takes what waits with it', () => {
  const made = engine();
  fill(made, 'a');
  for (let i = 0; i < 200; i++) made.call('SET', `string:${i}`, 'v');
  made.call('SELECT', 1);
  fill(made, 'b', 5);
  const used = made.arena.usedBytes;
  made.call('SELECT', 0);
  made.call('FLUSHDB', 'ASYNC');
  assert.equal(made.text('DBSIZE'), ':0\r\n');
  assert.equal(made.text('RANDOMKEY'), '$-1\r\n');
  assert.deepEqual(lazyfree(made), { pending: 201, freed: 0 });
  assert.equal(made.arena.usedBytes, used);
  made.ctx.keyspace.later.step(300);
  assert.ok(lazyfree(made).pending > 0);
  made.call('FLUSHALL');
  assert.equal(made.arena.usedBytes, 0);
  assert.deepEqual(lazyfree(made), { pending: 0, freed: 201 });
});

test('maxmemory: what waits is given back before a write is refused', () => {
  const made = engine();
  fill(made, 'set');
  const limit = Math.floor(made.arena.usedBytes * 0.9);
  made.call('UNLINK', 'set');
  made.call('CONFIG', 'SET', 'maxmemory', limit);
  applyMemoryPolicy(made.ctx.keyspace, made.config);
  assert.equal(made.text('SET', 'a', 'v'), '+OK\r\n');
  assert.ok(made.arena.usedBytes <= limit);
  made.verify();
});

test('maxmemory: what waits is given back before a key is evicted, that of keys evicted before included', () => {
  const made = engine({ 'maxmemory-policy': 'allkeys-random', 'lazyfree-lazy-eviction': 'yes' });
  for (let i = 0; i < 20; i++) fill(made, `set:${i}`, 500);
  const used = made.arena.usedBytes;
  made.call('UNLINK', 'set:0', 'set:1', 'set:2');
  // Room for 17 and a half: the three that wait are enough.
  made.call('CONFIG', 'SET', 'maxmemory', Math.floor((used * 17.5) / 20));
  applyMemoryPolicy(made.ctx.keyspace, made.config);
  made.call('PING');
  assert.equal(made.text('DBSIZE'), ':17\r\n');
  // Room for 12 and a half: five go, not all.
  made.call('CONFIG', 'SET', 'maxmemory', Math.floor((used * 12.5) / 20));
  applyMemoryPolicy(made.ctx.keyspace, made.config);
  made.call('PING');
  assert.ok(made.arena.usedBytes <= made.config.num.maxmemory);
  const left = Number(made.text('DBSIZE').slice(1));
  assert.ok(left === 12 || left === 11, `${left} left`);
  const logged = made.history.map((record) => Buffer.from(record).toString('latin1')).join('');
  assert.equal(logged.match(/UNLINK\r\n\$\d+\r\nset:/g)?.length, 1 + 17 - left);
  assert.deepEqual(made.replica().contents(), made.contents());
});

test('a full arena accepts a write when enough of it waits', () => {
  const made = engine({}, 1 << 20);
  fill(made, 'set', 4000);
  let keys = 0;
  while (made.text('SET', `key:${keys}`, 'v'.repeat(2000)) === '+OK\r\n') keys++;
  assert.ok(keys > 10);
  made.call('UNLINK', 'set');
  assert.deepEqual(lazyfree(made), { pending: 1, freed: 0 });
  for (let i = 0; i < 5; i++) assert.equal(made.text('SET', `more:${i}`, 'v'.repeat(2000)), '+OK\r\n');
  assert.equal(made.text('SET', 'long', 'v'.repeat(50_000)), '+OK\r\n');
  made.verify();
  assert.equal(made.text('DBSIZE'), `:${keys + 6}\r\n`);
});
