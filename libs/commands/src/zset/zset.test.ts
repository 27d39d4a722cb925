import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { ZSET_EXCHANGES, ZSET_EXCHANGES_7_2, ZSET_EXCHANGES_RESP3 } from './exchanges.testing.ts';

const config = { 'enable-debug-command': 'yes' };

test('sorted sets answer as Redis does', () => {
  for (const [line, reply] of ZSET_EXCHANGES) assert.equal(play(line, { config }), reply, line);
});

test('sorted sets answer as Redis does in RESP3', () => {
  for (const [line, reply] of ZSET_EXCHANGES_RESP3) assert.equal(play(line, { config, resp: 3 }), reply, line);
});

test('sorted sets do what they do since Redis 7.2', () => {
  for (const [line, reply] of ZSET_EXCHANGES_7_2) assert.equal(play(line, { config }), reply, line);
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'zadd z 1 a 2 b', ['zadd z 1 a 2 b']],
  ['zadd z 1 a', 'ZADD z 1 a', []],
  ['zadd z 1 a', 'ZADD z XX 1 b', []],
  ['', 'ZADD z XX 1 b', []],
  ['zadd z 1 a', 'ZADD z NX 2 a 3 b', ['ZADD z NX 2 a 3 b']],
  ['zadd z 1 a', 'ZADD z GT 0 a', []],
  ['zadd z 1 a', 'ZADD z GT INCR 2 a', ['ZADD z GT INCR 2 a']],
  ['zadd z inf a', 'ZADD z INCR -inf a', []],
  ['zadd z 0.1 a', 'ZINCRBY z 0.2 a', ['ZINCRBY z 0.2 a']],
  ['zadd z 1 a', 'ZINCRBY z 0 a', []],
  ['zadd z 1 a 2 b', 'ZREM z a x', ['ZREM z a x']],
  ['zadd z 1 a', 'ZREM z x', []],
  ['zadd z 1 a', 'ZREM z a', ['ZREM z a']],
  ['zadd z 1 a 2 b', 'ZREMRANGEBYRANK z 0 0', ['ZREMRANGEBYRANK z 0 0']],
  ['zadd z 1 a 2 b', 'ZREMRANGEBYRANK z 5 9', []],
  ['zadd z 1 a 2 b', 'ZREMRANGEBYSCORE z -inf inf', ['ZREMRANGEBYSCORE z -inf inf']],
  ['zadd z 1 a 2 b', 'ZREMRANGEBYSCORE z 5 6', []],
  ['zadd z 0 a 0 b', 'ZREMRANGEBYLEX z [b +', ['ZREMRANGEBYLEX z [b +']],
  ['zadd z 1 a 2 b', 'ZPOPMIN z', ['ZPOPMIN z']],
  ['zadd z 1 a 2 b', 'ZPOPMAX z 5', ['ZPOPMAX z 5']],
  ['zadd z 1 a', 'ZPOPMAX z 0', []],
  ['zadd z 1 a 2 b', 'ZMPOP 2 y z MAX COUNT 5', ['ZPOPMAX z 2']],
  ['zadd z 1 a 2 b', 'ZMPOP 1 z MIN', ['ZPOPMIN z 1']],
  ['', 'ZMPOP 1 z MIN', []],
  ['zadd z 1 a 2 b', 'ZRANGESTORE d z 0 0', ['ZRANGESTORE d z 0 0']],
  ['zadd z 1 a ; set d x', 'ZRANGESTORE d z 5 9', ['ZRANGESTORE d z 5 9']],
  ['zadd z 1 a', 'ZRANGESTORE d z 5 9', []],
  ['zadd a 1 x ; zadd b 2 y', 'ZUNIONSTORE d 2 a b', ['ZUNIONSTORE d 2 a b']],
  ['zadd a 1 x ; setex d 10 v', 'ZINTERSTORE d 2 a y', ['ZINTERSTORE d 2 a y']],
  ['zadd a 1 x', 'ZDIFFSTORE d 2 a a', []],
  ['zadd z 1 a', 'ZRANGE z 0 -1', []],
];

test('sorted sets log what happened', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

test('large sorted sets are read from both ends, popped and combined like small ones', () => {
  const engine = new TestEngine();
  const pairs = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => [String((from + i) % 100), `m${from + i}`]).flat();
  engine.call('ZADD', 'a', ...pairs(0, 3000));
  engine.call('ZADD', 'b', ...pairs(2000, 5000));
  assert.equal(engine.text('ZCARD', 'a'), ':3000\r\n');
  assert.equal(engine.text('ZCOUNT', 'a', '10', '(12'), ':60\r\n');
  assert.equal(engine.text('ZUNIONSTORE', 'u', '2', 'a', 'b'), ':5000\r\n');
  assert.equal(engine.text('ZINTERSTORE', 'i', '2', 'a', 'b', 'WEIGHTS', '1', '0'), ':1000\r\n');
  assert.equal(engine.text('ZDIFFSTORE', 'd', '2', 'a', 'b'), ':2000\r\n');
  assert.equal(engine.text('ZREVRANGE', 'u', '0', '0', 'WITHSCORES'), '*2\r\n$5\r\nm2999\r\n$3\r\n198\r\n');
  assert.equal(engine.text('ZRANK', 'a', 'm100'), ':1\r\n');
  assert.equal(engine.text('ZREMRANGEBYSCORE', 'a', '50', '+inf'), ':1500\r\n');
  for (let i = 0; i < 700; i++) engine.call(i % 2 === 0 ? 'ZPOPMIN' : 'ZPOPMAX', 'a', '2');
  assert.equal(engine.text('ZCARD', 'a'), ':100\r\n');
  engine.verify();
  assert.deepEqual(engine.replica().contents(), engine.contents());
  engine.call('FLUSHALL');
  assert.equal(engine.arena.usedBytes, 0);
});

test('a replica with other thresholds has the same content', () => {
  const engine = new TestEngine();
  for (let i = 0; i < 200; i++) engine.call('ZADD', `z${i % 3}`, String(i / 8), `m${i}`);
  for (let i = 0; i < 60; i++) engine.call('ZADD', 'z2', String(-i), 'n'.repeat(i));
  engine.call('ZUNIONSTORE', 'u', '3', 'z0', 'z1', 'z2', 'AGGREGATE', 'MAX');
  engine.call('ZRANGESTORE', 'r', 'z0', '0', '50');
  engine.call('ZPOPMAX', 'u', '7');
  const other = new TestEngine({ config: { 'zset-max-listpack-entries': '10', 'zset-max-listpack-value': '5' } });
  for (const record of engine.history) other.apply(record);
  other.verify();
  const data = (of: TestEngine) => of.contents().map((content) => ({ ...content, encoding: 0 }));
  assert.deepEqual(data(other), data(engine));
  assert.notDeepEqual(other.contents(), engine.contents());
});

test('ZRANDMEMBER chooses every member, and every pair of members, equally often', () => {
  for (const extra of ['', 'x'.repeat(70)]) {
    const engine = new TestEngine({ debug: false });
    const members = ['a', 'b', 'c', 'd', `e${extra}`];
    members.forEach((member, i) => engine.call('ZADD', 'z', String(i), member));
    const single = new Map<string, number>();
    const pairs = new Map<string, number>();
    const bulks = (reply: string): string[] => reply.split('\r\n').filter((part) => /^[a-e]/.test(part));
    const rounds = 5000;
    for (let i = 0; i < rounds; i++) {
      const [one] = bulks(engine.text('ZRANDMEMBER', 'z'));
      single.set(one, (single.get(one) ?? 0) + 1);
      const two = bulks(engine.text('ZRANDMEMBER', 'z', '2'))
        .sort()
        .join(' ');
      pairs.set(two, (pairs.get(two) ?? 0) + 1);
    }
    assert.equal(single.size, 5);
    assert.equal(pairs.size, 10);
    // Six standard deviations.
    for (const n of single.values()) assert.ok(Math.abs(n - rounds / 5) < 6 * Math.sqrt(rounds * 0.16), `${n}`);
    for (const n of pairs.values()) assert.ok(Math.abs(n - rounds / 10) < 6 * Math.sqrt(rounds * 0.09), `${n}`);
  }
});

test('ZSCAN goes through a large sorted set in pages', () => {
  const engine = new TestEngine();
  for (let i = 0; i < 1000; i++) engine.call('ZADD', 'z', String(i / 2), `m${i}`);
  const seen = new Map<string, string>();
  let cursor = '0';
  let pages = 0;
  do {
    const parts = engine.text('ZSCAN', 'z', cursor, 'COUNT', '20').split('\r\n');
    cursor = parts[2];
    for (let i = 5; i + 2 < parts.length; i += 4) seen.set(parts[i], parts[i + 2]);
    pages++;
  } while (cursor !== '0');
  assert.equal(seen.size, 1000);
  assert.ok(pages > 10);
  for (const [member, score] of seen) assert.equal(Number(member.slice(1)) / 2, Number(score));
});

test('a full arena refuses members and keeps what it has told the log', () => {
  const engine = new TestEngine({ reserveBytes: 1024 * 1024 });
  let refused = 0;
  for (let i = 0; i < 400 && refused < 20; i++) {
    const pairs = Array.from({ length: 50 }, (_, k) => [String(k), `${i}:${k}:${'x'.repeat(60)}`]).flat();
    if (engine.text('ZADD', `z${i % 5}`, ...pairs).startsWith('-OOM')) refused++;
  }
  assert.ok(refused > 0);
  engine.verify();
  const roomy = new TestEngine({ reserveBytes: 64 * 1024 * 1024 });
  for (const record of engine.history) roomy.apply(record);
  assert.deepEqual(roomy.contents(), engine.contents());
  engine.text('ZUNIONSTORE', 'd', '5', 'z0', 'z1', 'z2', 'z3', 'z4');
  engine.verify();
  for (let i = 0; i < 5; i++) engine.call('ZREMRANGEBYRANK', `z${i}`, '0', '-1');
  engine.call('DEL', 'd');
  assert.deepEqual(engine.contents(), []);
});
