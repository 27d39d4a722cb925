import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expireOf, lruOf, setLru } from '@weir/keyspace';
import { TestEngine } from '../testing.ts';
import { applyMemoryPolicy, evictToLimit } from './evict.ts';

const VALUE = 'v'.repeat(100);

function engine(policy: string, over: Record<string, string> = {}, host = {}): TestEngine {
  // Without the arena's debug mode: some tests fill thousands of keys.
  const made = new TestEngine({ debug: false, config: { 'maxmemory-policy': policy, ...over }, host });
  applyMemoryPolicy(made.ctx.keyspace, made.config);
  return made;
}

function setLimit(made: TestEngine, bytes: number): void {
  assert.deepEqual(made.config.set([['maxmemory', String(Math.floor(bytes))]]), { ok: true });
  applyMemoryPolicy(made.ctx.keyspace, made.config);
}

function keysOf(made: TestEngine): Set<string> {
  return new Set(made.contents().map((content) => content.key));
}

/** Halves the memory that the data set may have and evicts as commands do. */
function evictHalf(made: TestEngine): void {
  setLimit(made, made.ctx.keyspace.usedBytes / 2);
  made.text('PING');
  assert.ok(made.ctx.keyspace.usedBytes <= made.config.num.maxmemory);
  made.verify();
}

const COUNT = 2000;
const name = (i: number): string => `key:${i}`;

/** Of the older half of the keys, the share that went; the ideal is 1. */
function shareOfFirstHalf(made: TestEngine): number {
  const left = keysOf(made);
  const gone = COUNT - left.size;
  assert.ok(gone > COUNT / 3 && gone < (COUNT * 2) / 3, `${gone} gone`);
  let first = 0;
  for (let i = 0; i < gone; i++) if (!left.has(name(i))) first++;
  return first / gone;
}

test('allkeys-lru evicts mostly the keys that were idle longest', () => {
  const made = engine('allkeys-lru', { 'maxmemory-samples': '10' });
  for (let i = 0; i < COUNT; i++) {
    made.now += 1000;
    made.text('SET', name(i), VALUE);
  }
  evictHalf(made);
  const share = shareOfFirstHalf(made);
  assert.ok(share > 0.9, `${share}`);
});

test('a read makes a key young again for allkeys-lru', () => {
  const made = engine('allkeys-lru', { 'maxmemory-samples': '10' });
  for (let i = 0; i < COUNT; i++) {
    made.now += 1000;
    made.text('SET', name(i), VALUE);
  }
  made.now += 10_000;
  for (let i = 0; i < COUNT / 10; i++) made.text('GET', name(i));
  evictHalf(made);
  const left = keysOf(made);
  let kept = 0;
  for (let i = 0; i < COUNT / 10; i++) if (left.has(name(i))) kept++;
  assert.ok(kept > COUNT / 10 - 10, `${kept}`);
});

test('allkeys-lfu evicts mostly the keys that were used least', () => {
  const made = engine('allkeys-lfu', { 'maxmemory-samples': '10' });
  const { keyspace, arena } = made.ctx;
  for (let i = 0; i < COUNT; i++) made.text('SET', name(i), VALUE);
  keyspace.dbs[0].keys.forEach((ref) => {
    // Counters 0 … 249 by the key's number, 8 keys each.
    const address = ref * 16 + 16 + 4;
    let i = 0;
    for (let at = address; at < ref * 16 + 16 + arena.u32[ref * 4 + 1]; at++) i = i * 10 + (arena.u8[at] - 48);
    setLru(arena, ref, keyspace.recency.fromFrequency(Math.floor(i / 8), made.now));
  });
  evictHalf(made);
  const share = shareOfFirstHalf(made);
  assert.ok(share > 0.9, `${share}`);
});

test('reads raise the counter that allkeys-lfu decides by', () => {
  const made = engine('allkeys-lfu', { 'maxmemory-samples': '10', 'lfu-log-factor': '0' });
  for (let i = 0; i < 500; i++) made.text('SET', name(i), VALUE);
  for (let round = 0; round < 20; round++) for (let i = 0; i < 100; i++) made.text('GET', name(i));
  evictHalf(made);
  const left = keysOf(made);
  for (let i = 0; i < 100; i++) assert.ok(left.has(name(i)), name(i));
});

test('volatile-ttl evicts mostly the keys that expire soonest, and never one without an expire time', () => {
  const made = engine('volatile-ttl', { 'maxmemory-samples': '10' });
  for (let i = 0; i < COUNT; i++) made.text('SET', name(i), VALUE, 'PX', 1_000_000 + i * 1000);
  for (let i = 0; i < 100; i++) made.text('SET', `stays:${i}`, VALUE);
  evictHalf(made);
  const left = keysOf(made);
  for (let i = 0; i < 100; i++) assert.ok(left.has(`stays:${i}`));
  const gone = COUNT + 100 - left.size;
  let soonest = 0;
  for (let i = 0; i < gone; i++) if (!left.has(name(i))) soonest++;
  assert.ok(gone > 500);
  assert.ok(soonest / gone > 0.9, `${soonest} of ${gone}`);
});

for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
  test(`${policy} refuses writes rather than evict a key without an expire time`, () => {
    const made = engine(policy);
    for (let i = 0; i < 200; i++) {
      made.text('SET', `plain:${i}`, VALUE);
      made.text('SET', `passing:${i}`, VALUE, 'EX', 1000 + i);
    }
    setLimit(made, 100);
    assert.match(made.text('SET', 'one', 'more'), /^-OOM command not allowed when used memory > 'maxmemory'\.\r\n$/);
    const left = keysOf(made);
    assert.equal(left.size, 200);
    for (const key of left) assert.match(key, /^plain/);
    // Commands that take no memory are served.
    assert.equal(made.text('GET', 'plain:1'), `$100\r\n${VALUE}\r\n`);
    assert.equal(made.text('DEL', 'plain:1'), ':1\r\n');
    made.verify();
  });
}

test('noeviction evicts nothing', () => {
  const made = engine('noeviction');
  for (let i = 0; i < 100; i++) made.text('SET', name(i), VALUE, 'EX', 100);
  setLimit(made, 1);
  assert.match(made.text('APPEND', name(1), 'more'), /^-OOM/);
  assert.equal(keysOf(made).size, 100);
  assert.equal(made.ctx.stats.evictedKeys, 0);
});

for (const policy of ['allkeys-random', 'allkeys-lru', 'allkeys-lfu']) {
  test(`${policy} evicts from every database, down to nothing, and tells the log each time`, () => {
    const made = engine(policy);
    for (const db of [0, 3, 15]) {
      made.text('SELECT', db);
      for (let i = 0; i < 100; i++) made.text('SET', `${db}:${i}`, VALUE);
    }
    setLimit(made, made.ctx.keyspace.usedBytes / 2);
    made.text('PING');
    const evicted = made.ctx.stats.evictedKeys;
    assert.ok(evicted > 100);
    assert.equal(made.effects.filter((effect) => effect[0] === 'DEL').length, evicted);
    for (const db of [0, 3, 15]) assert.ok(made.ctx.keyspace.dbs[db].keys.size < 100, `db${db}`);
    assert.deepEqual(made.replica().contents(), made.contents());
    setLimit(made, 1);
    made.text('PING');
    assert.equal(made.ctx.keyspace.size, 0);
    assert.equal(made.arena.usedBytes, 0);
    assert.equal(made.ctx.stats.evictedKeys, 300);
    assert.deepEqual(made.replica().contents(), []);
  });
}

test('with eviction the memory stays within the limit, but for one command, while keys are written', () => {
  const made = engine('allkeys-lru');
  setLimit(made, 300_000);
  let most = 0;
  let fewest = Infinity;
  for (let i = 0; i < 20_000; i++) {
    made.now += 10;
    assert.equal(made.text('SET', name(i), VALUE), '+OK\r\n');
    most = Math.max(most, made.ctx.keyspace.usedBytes);
    if (i > 5000) fewest = Math.min(fewest, made.ctx.keyspace.size);
  }
  assert.ok(most < 300_000 + 16_384, `${most}`);
  // A growing table does not push out the keys that it grows for.
  assert.ok(fewest > 1500, `${fewest}`);
  made.verify();
});

test('one call stops after the time that maxmemory-eviction-tenacity allows, and the next goes on', () => {
  let micros = 0;
  const made = engine('allkeys-lru', { 'maxmemory-eviction-tenacity': '10' }, { clockMicros: () => (micros += 300) });
  for (let i = 0; i < 1000; i++) made.text('SET', name(i), VALUE);
  setLimit(made, 1);
  assert.equal(evictToLimit(made.ctx), true);
  const first = made.ctx.stats.evictedKeys;
  assert.equal(first, 32);
  for (let calls = 2; made.ctx.keyspace.size > 0; calls++) {
    assert.equal(evictToLimit(made.ctx), true);
    assert.equal(made.ctx.stats.evictedKeys, Math.min(1000, calls * 32));
  }
});

test('a slave evicts nothing of its own', () => {
  const made = engine('allkeys-lru');
  for (let i = 0; i < 100; i++) made.text('SET', name(i), VALUE);
  setLimit(made, 1);
  made.ctx.role.isSlave = true;
  made.text('GET', name(1));
  assert.equal(keysOf(made).size, 100);
});

test('candidates that are gone, or whose memory serves another key, are passed over', () => {
  const made = engine('volatile-lru');
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 40; i++) made.text('SET', `a${i}`, VALUE, 'EX', 1000);
    setLimit(made, made.ctx.keyspace.usedBytes - 1);
    made.text('PING');
    setLimit(made, 0);
    // The pool's candidates go, and plain keys of the same size take their blocks.
    for (let i = 0; i < 40; i++) made.text('DEL', `a${i}`);
    for (let i = 0; i < 40; i++) made.text('SET', `b${i}`, `${VALUE}12345678`);
    made.config.set([['maxmemory', '1']]);
    assert.match(made.text('SET', 'x', 'y'), /^-OOM/);
    assert.equal(made.ctx.keyspace.size, 40);
    made.config.set([['maxmemory', '0']]);
    made.text('FLUSHALL');
  }
});

test('applyMemoryPolicy makes new keys start with the counter of the policy', () => {
  const made = engine('allkeys-lfu');
  made.text('SET', 'k', 'v');
  const { keyspace, arena } = made.ctx;
  let field = -1;
  keyspace.dbs[0].keys.forEach((ref) => {
    field = lruOf(arena, ref);
    assert.equal(expireOf(arena, ref), -1);
  });
  assert.equal(field & 255, 5);
  made.config.set([['maxmemory-policy', 'allkeys-lru']]);
  applyMemoryPolicy(keyspace, made.config);
  assert.equal(keyspace.recency.lfu, false);
  made.text('SET', 'l', 'v');
});
