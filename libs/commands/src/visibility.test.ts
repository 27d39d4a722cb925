// Invariant `no-uncommitted-reads`, seen from outside: random commands of all types, of which nothing is known here. Which keys
// a command changes is seen in the data set; which keys a reply depends on, by asking an engine that lacks one of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gen, dataRows, generate, line } from '@weir/testkit';
import type { Step } from '@weir/testkit';
import fc from 'fast-check';
import { TestEngine, latin1 } from './testing.ts';
import type { TestSession } from './testing.ts';

const config = { 'proto-max-bulk-len': '1048576' };
const seeds = fc.noShrink(fc.nat(2 ** 31));

class Pair {
  readonly engine = new TestEngine({ reserveBytes: 64 * 1024 ** 2, config, debug: false });
  readonly #sessions: readonly TestSession[] = [this.engine.session(2), this.engine.session(3)];

  send({ connection, args }: Step): string {
    return this.#sessions[connection].text(...args);
  }
}

function sequence(seed: number, steps: number): Step[] {
  return generate(new Gen(seed), dataRows, { steps, oracle: seed % 2 === 0 ? 'redis' : 'valkey' });
}

const nameOf = (step: Step): string => latin1(step.args[0]).toUpperCase();

/** Every key's content by `db/key`. */
function contents(engine: TestEngine): Map<string, string> {
  return new Map(engine.contents().map((of) => [`${of.db}/${of.key}`, `${of.type} ${of.expireMs} ${of.value}`]));
}

const hasExpired = (content: string, now: number): boolean => {
  const expireMs = Number(content.split(' ')[1]);
  return expireMs >= 0 && expireMs <= now;
};

/** The record that a read of a key would wait for. */
function waitsFor(engine: TestEngine, name: string): number {
  const { ctx } = engine;
  const slash = name.indexOf('/');
  const key = Buffer.from(name.slice(slash + 1), 'latin1');
  ctx.begin();
  ctx.role.isSlave = true; // which removes nothing that has expired
  ctx.findKey(ctx.keyspace.dbs[Number(name.slice(0, slash))], key, 0, key.length);
  ctx.role.isSlave = false;
  return ctx.waitSeq;
}

test('what a command changes is logged, its reply waits for that record, and so does every later read of a changed key', () => {
  let changes = 0;
  const property = fc.property(seeds, (seed) => {
    const pair = new Pair();
    const { engine } = pair;
    let before = contents(engine);
    for (const step of sequence(seed, 120)) {
      const record = engine.ctx.recordSeq;
      pair.send(step);
      const after = contents(engine);
      const waited = engine.waitSeq;
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        if (before.get(key) === after.get(key)) continue;
        changes++;
        assert.equal(engine.ctx.recordSeq, record + 1, `${line(step.args)} changed ${key} and logged nothing`);
        // The time of a key alone decides that it is gone.
        if (!after.has(key) && hasExpired(before.get(key)!, engine.now)) continue;
        assert.equal(
          waited,
          record,
          `${line(step.args)} changed ${key} and is answered before its record is committed`,
        );
        assert.equal(waitsFor(engine, key), record, `${line(step.args)} changed ${key}, and reads of it do not wait`);
      }
      before = after;
    }
  });
  fc.assert(property, { numRuns: 60 });
  assert.ok(changes > 1000, `only ${changes} changes`);
});

/** The one engine writes the key once more, as it is, and tells in which record; the other loses it. */
function parted(one: TestEngine, other: TestEngine, key: Buffer): number {
  const { ctx } = one;
  ctx.findKey(ctx.keyspace.dbs[0], key, 0, key.length);
  const written = ctx.recordSeq;
  ctx.markPending(ctx.hash, ctx.keyspace.dbs[0]);
  ctx.recordTaken();
  other.call('DEL', key);
  return written;
}

/** Answered by chance, and so otherwise by another engine; the data set must not depend on them either. */
const BY_CHANCE = /^(SPOP|SRANDMEMBER|HRANDFIELD|ZRANDMEMBER|RANDOMKEY|MEMORY)$/;
/** These concern all keys; what they wait for is not told by key. */
const WHOLE = /^(FLUSHALL|FLUSHDB|SWAPDB|SCAN|KEYS|DBSIZE|SELECT)$/;

test('a reply that would be another one without a key waits for the last record that wrote the key', () => {
  let depended = 0;
  const property = fc.property(seeds, (seed) => {
    const steps = sequence(seed, 110).filter((step) => !BY_CHANCE.test(nameOf(step)) && !WHOLE.test(nameOf(step)));
    const [a, b] = [new Pair(), new Pair()];
    for (const step of steps.slice(0, 50)) for (const pair of [a, b]) pair.send(step);
    const named = new Set(steps.slice(50).flatMap(({ args }) => args.map(latin1)));
    const keys = a.engine.contents().filter(({ db, key }) => db === 0 && named.has(key));
    if (keys.length === 0) return;
    const key = Buffer.from(keys[seed % keys.length].key, 'latin1');
    const written = parted(a.engine, b.engine, key);
    for (const step of steps.slice(50)) {
      const [one, other] = [a, b].map((pair) => pair.send(step));
      if (one !== other) {
        depended++;
        const text = `${line(step.args)} depends on ${latin1(key)} and does not wait for its last record`;
        assert.ok(a.engine.waitSeq >= written, text);
      }
      // From here on, other keys differ as well.
      if (JSON.stringify(a.engine.effects) !== JSON.stringify(b.engine.effects)) break;
    }
  });
  fc.assert(property, { numRuns: 300 });
  assert.ok(depended > 100, `only ${depended} replies depended on the key`);
});

test('so does a reply that depends on keys which the request does not name, or names behind others', () => {
  const cases: readonly (readonly [before: string, key: string, request: string])[] = [
    ['RPUSH l 1 2 ; MSET w_1 2 w_2 3', 'w_2', 'SORT l BY w_*'],
    ['RPUSH l 1 2 ; HSET h_1 f 2 ; HSET h_2 f 3', 'h_2', 'SORT_RO l BY h_*->f'],
    ['RPUSH l 1 2 ; MSET g_1 a g_2 b', 'g_2', 'SORT l GET # GET g_*'],
    ['RPUSH l 1 2 ; HSET h_2 f b', 'h_2', 'SORT l GET h_*->f'],
    ['XADD x 1-1 f v ; XADD y 1-1 f v', 'y', 'XREAD STREAMS x y 0 0'],
    ['RPUSH k a ; RPUSH l b', 'k', 'LMPOP 3 none k l LEFT'],
    ['RPUSH l b', 'l', 'LMPOP 3 none k l LEFT'],
    ['ZADD z 1 a', 'z', 'ZINTERCARD 2 z z'],
    ['SADD t a ; SADD s a', 's', 'SDIFF t s s'],
    ['SADD t a ; SADD s a', 's', 'SDIFF t none s'],
    ['SET l v ; SET k v', 'k', 'RENAMENX l k'],
    ['SET k v', 'k', 'MSETNX m v k v'],
    ['SET l v ; SET k v', 'k', 'COPY l k'],
    ['GEOADD g 1 1 a', 'g', 'GEORADIUS g 1 1 5 m STORE d'],
    ['PFADD p a', 'p', 'PFCOUNT none p'],
    ['SET b a', 'b', 'BITOP NOT d b'],
  ];
  for (const [before, name, request] of cases) {
    const [one, other] = [new TestEngine(), new TestEngine()];
    for (const engine of [one, other]) for (const text of before.split(' ; ')) engine.call(...text.split(' '));
    const written = parted(one, other, Buffer.from(name));
    assert.notEqual(one.text(...request.split(' ')), other.text(...request.split(' ')), request);
    assert.ok(one.waitSeq >= written, `${request} does not wait for ${name}`);
  }
});
