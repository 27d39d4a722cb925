import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENC_HASHTABLE, TYPE_SET } from '@weir/keyspace';
import { checkEffects } from '../effects.testing.ts';
import type { EffectCase } from '../effects.testing.ts';
import { TestEngine } from '../testing.ts';
import { play } from '../transcript.testing.ts';
import { SET_EXCHANGES, SET_EXCHANGES_RESP3 } from './exchanges.testing.ts';

test('set commands answer as Redis does', () => {
  for (const [line, reply] of SET_EXCHANGES) assert.equal(play(line), reply, line);
});

test('set commands answer as Redis does in RESP3', () => {
  for (const [line, reply] of SET_EXCHANGES_RESP3) assert.equal(play(line, { resp: 3 }), reply, line);
});

const EFFECTS: readonly EffectCase[] = [
  ['', 'SADD k a b a', ['SADD k a b a']],
  ['sadd k a b', 'SADD k a b', []],
  ['set k v', 'SADD k a', []],
  ['sadd k a b', 'SREM k a z', ['SREM k a z']],
  ['sadd k a', 'SREM k z', []],
  ['sadd k a', 'SREM k a', ['SREM k a']],
  ['sadd a x', 'SMOVE a b x', ['SMOVE a b x']],
  ['sadd a x ; sadd b x', 'SMOVE a b x', ['SMOVE a b x']],
  ['sadd a x', 'SMOVE a a x', []],
  ['sadd a x', 'SMOVE a b y', []],
  ['sadd k a', 'SPOP k', ['SREM k a']],
  ['sadd k 7', 'SPOP k', ['SREM k 7']],
  ['sadd k a b', 'SPOP k 2', ['DEL k']],
  ['sadd k a b', 'SPOP k 100', ['DEL k']],
  ['sadd k a b', 'SPOP k 0', []],
  ['', 'SPOP k 3', []],
  ['sadd k a', 'SRANDMEMBER k', []],
  ['sadd a 1 2 ; sadd b 2', 'SINTERSTORE d a b', ['SINTERSTORE d a b']],
  ['sadd a 1 2 ; sadd b 2', 'SUNIONSTORE d a b', ['SUNIONSTORE d a b']],
  ['sadd a 1 2 ; sadd b 2', 'SDIFFSTORE d a b', ['SDIFFSTORE d a b']],
  ['sadd a 1', 'SINTERSTORE d a no', []],
  ['sadd a 1 ; set d v', 'SINTERSTORE d a no', ['SINTERSTORE d a no']],
  ['sadd a 1', 'SINTERSTORE d a a', ['SINTERSTORE d a a']],
  ['', 'SUNIONSTORE d no', []],
  ['sadd a 1', 'SINTER a', []],
];

test('set commands log what happened, not what was asked', () => {
  for (const effect of EFFECTS) checkEffects(effect);
});

const members = (n: number, text = (i: number): string => `m${i}`): string[] =>
  Array.from({ length: n }, (_, i) => text(i));

test('a SPOP of many members is logged in commands of bounded size, and replicas lose the same ones', () => {
  for (const text of [(i: number): string => `member:${i}`, String]) {
    for (const count of [1, 100, 1024, 1025, 2500, 4900]) {
      const engine = new TestEngine({ config: { 'set-max-intset-entries': '10000' } });
      engine.call('SADD', 'k', ...members(5000, text));
      engine.call('SPOP', 'k', count);
      const removals = engine.effects.filter(([name]) => name === 'SREM');
      assert.ok(removals.every((args) => args.length <= 1026 && args.length > 2 && args[1] === 'k'));
      assert.equal(new Set(removals.flatMap((args) => args.slice(2))).size, count);
      assert.equal(engine.text('SCARD', 'k'), `:${5000 - count}\r\n`);
      engine.verify();
      const values = (of: TestEngine): string[] => of.contents().map(({ value }) => value);
      assert.deepEqual(values(engine.replica()), values(engine));
    }
  }
});

test('SSCAN of a table returns every member, also when it grows, shrinks and loses others meanwhile', () => {
  const engine = new TestEngine();
  engine.call('SADD', 'k', ...members(1000));
  const seen = new Set<string>();
  let cursor = '0';
  let steps = 0;
  do {
    const reply = engine.text('SSCAN', 'k', cursor, 'COUNT', '20');
    const parts = reply.split('\r\n');
    cursor = parts[2];
    for (const part of parts.slice(4)) if (part.startsWith('m')) seen.add(part);
    steps++;
    if (steps === 5) engine.call('SADD', 'k', ...members(5000, (i) => `new${i}`));
    if (steps === 60)
      for (let i = 0; i < 5000; i += 500) engine.call('SREM', 'k', ...members(500, (n) => `new${n + i}`));
  } while (cursor !== '0');
  assert.ok(steps > 20);
  for (const member of members(1000)) assert.ok(seen.has(member), member);
  assert.match(engine.text('SSCAN', 'k', '0', 'COUNT', '100000', 'MATCH', 'm99'), /\*1\r\n\$3\r\nm99\r\n$/);
});

test('tables, listpacks and intsets intersect, unite and subtract to the same members, whatever the order', () => {
  const sets: Record<string, string[]> = {
    ints: members(40, (i) => String(i * 3)),
    words: [...members(30), '6', '9', '-1'],
    table: [...members(300, (i) => `m${i * 2}`), ...members(300, String)],
    wide: members(600, (i) => String(i * 2)),
    empty: [],
  };
  const engine = new TestEngine();
  for (const [key, all] of Object.entries(sets)) if (all.length > 0) engine.call('SADD', key, ...all);
  const encodings = ['ints', 'words', 'table', 'wide'].map(
    (key) => engine.text('OBJECT', 'ENCODING', key).split('\r\n')[1],
  );
  assert.deepEqual(encodings, ['intset', 'listpack', 'hashtable', 'hashtable']);
  const bulks = (reply: string): string[] =>
    reply
      .split('\r\n')
      .filter((_, i) => i > 0 && i % 2 === 0)
      .sort();
  const keys = Object.keys(sets);
  for (const a of keys) {
    for (const b of keys) {
      for (const c of [undefined, ...keys]) {
        const names = c === undefined ? [a, b] : [a, b, c];
        const rest = names.slice(1).map((name) => new Set(sets[name]));
        const expected = {
          SINTER: sets[a].filter((member) => rest.every((other) => other.has(member))),
          SDIFF: sets[a].filter((member) => !rest.some((other) => other.has(member))),
          SUNION: [...new Set(names.flatMap((name) => sets[name]))],
        };
        for (const [name, all] of Object.entries(expected)) {
          assert.deepEqual(bulks(engine.text(name, ...names)), [...all].sort(), `${name} ${names.join(' ')}`);
          assert.equal(engine.text(`${name}STORE`, 'd', ...names), `:${all.length}\r\n`);
          assert.deepEqual(bulks(engine.text('SMEMBERS', 'd')), [...all].sort());
        }
        assert.equal(engine.text('SINTERCARD', names.length, ...names), `:${expected.SINTER.length}\r\n`);
      }
    }
  }
  engine.verify();
});

test('reading commands keep no memory', () => {
  const engine = new TestEngine();
  engine.call('SADD', 'a', ...members(500));
  engine.call('SADD', 'b', ...members(100, String));
  engine.call('SADD', 'c', ...members(50, (i) => `m${i}`));
  const used = engine.arena.usedBytes;
  for (const line of [
    'SUNION a b c a b c',
    'SUNION b c',
    'SDIFF a b c',
    'SDIFF b a',
    'SINTER a c',
    'SRANDMEMBER a 400',
  ]) {
    engine.call(...line.split(' '));
    assert.equal(engine.arena.usedBytes, used, line);
  }
});

test('a store command gives back what it took when there is nothing to store, and what stood at its key', () => {
  const engine = new TestEngine();
  engine.call('SADD', 'a', ...members(500));
  const used = engine.arena.usedBytes;
  engine.call('SADD', 'd', ...members(300, String));
  engine.call('SINTERSTORE', 'd', 'a', 'no');
  assert.equal(engine.arena.usedBytes, used);
  engine.call('SUNIONSTORE', 'd', 'a', 'a');
  engine.call('SDIFFSTORE', 'd', 'd', 'a');
  assert.equal(engine.arena.usedBytes, used);
});

test('commands that find the arena full change nothing but what they say in the log', () => {
  const engine = new TestEngine({ reserveBytes: 1 << 20 });
  let replies = '';
  for (let i = 0; !replies.includes('OOM'); i++)
    replies = engine.text('SADD', `k${i % 3}`, ...members(300, (n) => `member:${i}:${n}`));
  for (let i = 0; i < 200; i++) {
    engine.call('SUNIONSTORE', 'd', 'k0', 'k1', 'k2');
    engine.call('SDIFFSTORE', 'd', 'k0', 'k1');
    engine.call('SINTERSTORE', 'd', 'k0', 'k0');
    engine.call('SMOVE', 'k0', `other${i}`, `member:0:${i}`);
    engine.call('SADD', `new${i}`, `word${i}`.padEnd(i, '.'));
    engine.call('SADD', `ints${i}`, String(i), 'x'.repeat(64));
    engine.call('SUNION', 'k0', 'k1', 'k2', 'd', 'k0');
  }
  engine.call('SPOP', 'k1', '1000');
  engine.verify();
  const keys = (of: TestEngine): string[] => of.contents().map(({ key, value, type }) => `${type} ${key} ${value}`);
  assert.deepEqual(keys(engine.replica()), keys(engine));
  engine.call('FLUSHALL');
  assert.equal(engine.arena.usedBytes, 0);
});

test('what DEL takes away was all that a set of any encoding used', () => {
  const engine = new TestEngine();
  engine.call('SET', 'other', 'x');
  const used = engine.arena.usedBytes;
  engine.call('SADD', 'a', ...members(2000));
  engine.call('SADD', 'b', ...members(100));
  engine.call('SADD', 'c', ...members(100, String));
  engine.call('COPY', 'a', 'd');
  engine.call('SREM', 'd', ...members(1990));
  assert.equal(engine.contents().find(({ key }) => key === 'd')?.encoding, ENC_HASHTABLE);
  assert.equal(engine.contents().filter(({ type }) => type === TYPE_SET).length, 4);
  engine.call('DEL', 'a', 'b', 'c', 'd');
  assert.equal(engine.arena.usedBytes, used);
});

test('SRANDMEMBER repeats members as often as it is asked to, within what one reply may have', () => {
  const engine = new TestEngine({ debug: false });
  engine.call('SADD', 'k', 'a', 'b');
  assert.match(engine.text('SRANDMEMBER', 'k', -2500), /^\*2500\r\n(?:\$1\r\n[ab]\r\n){2500}$/);
  for (const count of ['-9223372036854775807', '-100000000']) {
    assert.equal(engine.text('SRANDMEMBER', 'k', count), '-ERR value is out of range\r\n', count);
  }
});
