import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestEngine, decodeCommands } from '../testing.ts';
import { activeExpireCycle, expireBudgetMicros, rehashFor } from './expire-cycle.ts';

/** A clock that moves on by so much whenever somebody looks. */
function clockOf(stepMicros: number): () => number {
  let now = 0;
  return () => (now += stepMicros);
}

/** One run; what it tells the log becomes a record of the engine's history. */
function cycle(made: TestEngine, clock = clockOf(1), budgetMicros = 1e6): string[][] {
  const { ctx } = made;
  ctx.now = made.now;
  activeExpireCycle(ctx, clock, budgetMicros);
  const record = ctx.effects.written();
  if (ctx.effects.count > 0) {
    made.history.push(record);
    ctx.recordTaken();
  }
  ctx.effects.reset();
  return decodeCommands(record);
}

function fill(made: TestEngine, count: number, ttlMs: number, prefix = 'k'): void {
  for (let i = 0; i < count; i++) made.text('SET', `${prefix}${i}`, 'v', 'PX', ttlMs);
}

test('expired keys go without anybody asking for them, and the log is told of each', () => {
  const made = new TestEngine();
  fill(made, 500, 1000, 'soon');
  fill(made, 300, 1_000_000, 'later');
  for (let i = 0; i < 50; i++) made.text('SET', `never${i}`, 'v');
  assert.deepEqual(cycle(made), []);
  made.now += 1000;
  const effects: string[][] = [];
  for (let runs = 0; runs < 300 && made.ctx.keyspace.dbs[0].expires.size > 300; runs++) effects.push(...cycle(made));
  assert.equal(made.ctx.keyspace.dbs[0].keys.size, 350);
  const deleted = effects.filter((effect) => effect[0] === 'DEL').map((effect) => effect[1]);
  assert.equal(new Set(deleted).size, 500);
  assert.equal(deleted.length, 500);
  assert.ok(deleted.every((key) => key.startsWith('soon')));
  assert.equal(made.ctx.stats.expiredKeys, 500);
  assert.deepEqual(made.replica().contents(), made.contents());
  made.verify();
});

test('one run goes on while much of what it sees has expired, and stops when little has', () => {
  const made = new TestEngine();
  fill(made, 1000, 1000);
  made.now += 1000;
  cycle(made);
  assert.equal(made.ctx.keyspace.size, 0);
  assert.ok(made.ctx.stats.expiredStalePercentage > 4);

  fill(made, 1000, 1_000_000);
  fill(made, 10, 1000, 'few');
  made.now += 1000;
  const before = made.ctx.stats.expiredKeys;
  cycle(made);
  assert.ok(made.ctx.stats.expiredKeys - before < 10);
});

test('keys of every database are reached', () => {
  const made = new TestEngine();
  for (let db = 0; db < 16; db++) {
    made.text('SELECT', db);
    fill(made, 30, 500);
  }
  made.now += 500;
  const effects = cycle(made);
  assert.equal(made.ctx.keyspace.size, 0);
  assert.equal(effects.filter((effect) => effect[0] === 'SELECT').length, 16);
  assert.deepEqual(made.replica().contents(), []);
});

test('a run stops when its time is up, and the next ones go on where it stopped', () => {
  const made = new TestEngine();
  for (const db of [0, 1, 2]) {
    made.text('SELECT', db);
    fill(made, 200, 500);
  }
  made.now += 500;
  const slow = clockOf(1000);
  cycle(made, slow, 1500);
  assert.equal(made.ctx.stats.expiredTimeCapReached, 1);
  assert.ok(made.ctx.keyspace.size > 500);
  assert.ok(made.ctx.stats.activeExpireMicros >= 1000);
  for (let runs = 0; runs < 200 && made.ctx.keyspace.size > 0; runs++) cycle(made, slow, 1500);
  assert.equal(made.ctx.keyspace.size, 0);
});

test('nothing expires actively on a slave or when DEBUG SET-ACTIVE-EXPIRE says so', () => {
  const made = new TestEngine();
  fill(made, 20, 500);
  made.now += 500;
  made.ctx.activeExpire = false;
  assert.deepEqual(cycle(made), []);
  made.ctx.activeExpire = true;
  made.ctx.role.isSlave = true;
  assert.deepEqual(cycle(made), []);
  assert.equal(made.ctx.keyspace.size, 20);
});

test('the mean time to live follows the keys', () => {
  const made = new TestEngine();
  fill(made, 100, 60_000);
  cycle(made);
  assert.equal(made.ctx.keyspace.dbs[0].avgTtlMs, 60_000);
  made.now += 30_000;
  for (let i = 0; i < 500; i++) cycle(made);
  assert.ok(Math.abs(made.ctx.keyspace.dbs[0].avgTtlMs - 30_000) < 100);
  made.text('FLUSHALL');
  cycle(made);
  assert.equal(made.ctx.keyspace.dbs[0].avgTtlMs, 0);
});

test('a table that is nearly empty is left to shrink', () => {
  const made = new TestEngine();
  made.ctx.keyspace.dbs[0].expires.reserve(100_000);
  fill(made, 5, 500);
  made.now += 500;
  assert.deepEqual(cycle(made), []);
});

test('the time for a run is a quarter of the period, more with more effort', () => {
  assert.equal(expireBudgetMicros(new TestEngine().config), 25_000);
  const config = new TestEngine({ config: { hz: '100', 'active-expire-effort': '10' } }).config;
  assert.equal(expireBudgetMicros(config), 4300);
});

test('rehashFor finishes the rehash of all tables within its time', () => {
  const made = new TestEngine();
  const { keyspace } = made.ctx;
  const rehashing = (): number => keyspace.dbs.filter((db) => db.keys.rehashing || db.expires.rehashing).length;
  for (const db of [0, 5]) {
    made.text('SELECT', db);
    for (let i = 0; i < 5000 || !keyspace.dbs[db].keys.rehashing; i++) made.text('SET', `k${i}`, 'v');
  }
  assert.equal(rehashing(), 2);
  assert.equal(rehashFor(keyspace, clockOf(10), 5), true);
  assert.equal(rehashing(), 2);
  assert.equal(rehashFor(keyspace, clockOf(0), 5), false);
  assert.equal(rehashing(), 0);
  made.verify();
});
