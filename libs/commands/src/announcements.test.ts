// Invariants `changes-announced` and `announced-is-logged` (docs/internals/announcements.md). What commands change is
// seen in the data set, of commands of which nothing is known here. That the events are Redis's is shown by
// announcements.e2e.test.ts; the harness checks every call of every test (announced.testing.ts).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitArgs } from '@weir/config';
import { Fingerprint, Keyspace, events, keyAddress, keyLength } from '@weir/keyspace';
import { Gen, dataRows, fullName, generate, line } from '@weir/testkit';
import { BITMAP_EXCHANGES } from './bitmap/exchanges.testing.ts';
import { evictToLimit } from './core/evict.ts';
import { activeExpireCycle } from './core/expire-cycle.ts';
import { GEO_EXCHANGES } from './geo/exchanges.testing.ts';
import { HASH_EXCHANGES } from './hash/exchanges.testing.ts';
import { HYPERLOGLOG_EXCHANGES } from './hyperloglog/exchanges.testing.ts';
import { allCommands } from './index.ts';
import { KEY_EXCHANGES } from './keys/exchanges.testing.ts';
import { LIST_EXCHANGES } from './list/exchanges.testing.ts';
import { SET_EXCHANGES } from './set/exchanges.testing.ts';
import { SORT_EXCHANGES } from './sort/exchanges.testing.ts';
import { STREAM_EXCHANGES } from './stream/exchanges.testing.ts';
import { STRING_EXCHANGES } from './string/exchanges.testing.ts';
import { Announced, TestEngine, announcementText, latin1 } from './testing.ts';
import type { Announcement, TestSession } from './testing.ts';
import { ZSET_EXCHANGES } from './zset/exchanges.testing.ts';

const EXCHANGES = [
  ...[...STRING_EXCHANGES, ...KEY_EXCHANGES, ...LIST_EXCHANGES, ...HASH_EXCHANGES, ...SET_EXCHANGES, ...ZSET_EXCHANGES],
  ...[...STREAM_EXCHANGES, ...BITMAP_EXCHANGES, ...HYPERLOGLOG_EXCHANGES, ...GEO_EXCHANGES, ...SORT_EXCHANGES],
];

/** These may leave a value as it was: it was written again. */
const REWRITES = new Set<number>([
  ...[events.SET, events.SETRANGE, events.APPEND, events.INCRBY, events.INCRBYFLOAT, events.SETBIT, events.PFADD],
  ...[events.HSET, events.HINCRBY, events.HINCRBYFLOAT, events.LSET, events.ZINCR, events.EXPIRE, events.RESTORE],
  ...[events.SORTSTORE, events.SINTERSTORE, events.SUNIONSTORE, events.SDIFFSTORE, events.COPY_TO],
  ...[events.ZUNIONSTORE, events.ZINTERSTORE, events.ZDIFFSTORE, events.ZRANGESTORE],
  ...[events.GEOSEARCHSTORE, events.GEORADIUSSTORE, events.XSETID, events.XGROUP_SETID, events.QUIET, events.CHANGED],
]);

/** Events that no command announces by itself. */
const WITHOUT_COMMAND: readonly number[] = [events.EVICTED, events.EXPIRED, events.REPLACED];

/** Write commands without an exchange, and where it is shown that they announce. */
const SHOWN_ELSEWHERE = new Map([
  ['migrate', 'migrate.test.ts'],
  ['restore-asking', 'the handler is that of RESTORE'],
  ...['load', 'delete', 'flush', 'restore'].map((name) => [`function|${name}`, 'libraries are no keys'] as const),
]);

/** A fingerprint of each key by `db key`. */
function stateOf(keyspace: Keyspace): Map<string, string> {
  const { arena, dbs } = keyspace;
  const all = new Map<string, string>();
  for (const db of dbs) {
    db.keys.forEach((ref) => {
      const at = keyAddress(arena, ref);
      const key = latin1(arena.u8.subarray(at, at + keyLength(arena, ref)));
      const sum = new Fingerprint(keyspace);
      sum.add(0, ref);
      all.set(`${db.index} ${key}`, sum.toString());
    });
  }
  return all;
}

/** An engine whose keys are compared before and after each command. */
class Watched {
  readonly engine: TestEngine;
  #before = new Map<string, string>();

  constructor(engine: TestEngine) {
    this.engine = engine;
  }

  /** Checks what the engine has announced for what was just done; how many keys have changed. */
  check(what: string): number {
    const { keyspace } = this.engine.ctx;
    const [before, after] = [this.#before, stateOf(keyspace)];
    this.#before = after;
    const changes = this.engine.announced.filter(({ changed }) => changed);
    if (changes.some(({ key }) => key === '*')) return 0;
    const names = new Set([...before.keys(), ...after.keys()]);
    const changed = new Set([...names].filter((name) => before.get(name) !== after.get(name)));
    const announced = new Map<string, Announcement[]>();
    for (const one of changes) {
      const name = `${one.db} ${one.key}`;
      announced.set(name, [...(announced.get(name) ?? []), one]);
    }
    for (const name of changed) assert.ok(announced.has(name), `${what} changed ${name} and did not announce it`);
    for (const [name, all] of announced) {
      // What one event did another one may have undone (LMOVE of a list to itself).
      if (changed.has(name) || all.length > 1 || REWRITES.has(all[0].kind)) continue;
      assert.fail(`${what} announced ${announcementText(all[0])}, and the key is as it was`);
    }
    return changed.size;
  }
}

/** A master and the slave that applies its log, both watched. */
class Pair {
  readonly master: Watched;
  readonly #slave: Watched;
  /** Write commands that changed something, and events that were announced. */
  readonly acted = new Set<string>();
  readonly kinds = new Set<number>();
  changed = 0;

  constructor() {
    const config = { 'proto-max-bulk-len': '1048576', 'enable-debug-command': 'yes' };
    const options = { reserveBytes: 64 * 1024 ** 2, config, debug: false };
    this.master = new Watched(new TestEngine(options));
    this.#slave = new Watched(new TestEngine(options));
    this.#slave.engine.ctx.role.isSlave = true;
  }

  call(session: TestSession, args: readonly Uint8Array[]): void {
    const { engine } = this.master;
    const records = engine.history.length;
    session.call(...args);
    const what = line(args);
    for (const { kind } of engine.announced) this.kinds.add(kind);
    if (engine.announced.some(({ changed }) => changed)) this.acted.add(fullName(args));
    this.changed += this.master.check(what);
    for (const record of engine.history.slice(records)) {
      this.#slave.engine.apply(record);
      this.#slave.check(`on a slave, ${what}`);
    }
  }
}

test('every write command announces what it changes, on a master and on the slave that applies its log', () => {
  const pair = new Pair();
  const { acted, kinds } = pair;
  for (const [text] of EXCHANGES) {
    const session = pair.master.engine.session();
    for (const command of ['FLUSHALL', ...text.split(' ; ')]) {
      pair.call(
        session,
        splitArgs(command)!.map((arg) => Buffer.from(arg, 'latin1')),
      );
    }
  }
  const writes = allCommands
    .flatMap((command) => [
      command,
      ...(command.subcommands ?? []).map((sub) => ({ ...sub, name: `${command.name}|${sub.name}` })),
    ])
    .filter(({ flags }) => flags.includes('write'))
    .map(({ name }) => name);
  assert.ok(writes.length > 90);
  const silent = writes.filter((name) => !acted.has(name) && !SHOWN_ELSEWHERE.has(name));
  assert.deepEqual(silent, [], 'write commands that never announced a change: add an exchange');
  const unheard = events.KEY_EVENTS.flatMap(({ name, bits }, kind) =>
    kinds.has(kind) || WITHOUT_COMMAND.includes(kind) ? [] : [name === '' ? `of class ${bits}` : name],
  );
  assert.deepEqual(unheard, [], 'events that nothing announced');
});

test('what random commands change is announced, and what is announced has changed', () => {
  let changed = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const pair = new Pair();
    const sessions = [pair.master.engine.session(2), pair.master.engine.session(3)];
    const oracle = seed % 2 === 0 ? 'redis' : 'valkey';
    for (const { connection, args } of generate(new Gen(seed), dataRows, { steps: 120, oracle })) {
      pair.call(sessions[connection], args);
    }
    changed += pair.changed;
  }
  assert.ok(changed > 500, `only ${changed} changes`);
});

const call = (engine: TestEngine, text: string): string => engine.text(...splitArgs(text)!);

/** What the last of some commands announced, as texts. */
function announcedBy(texts: string, engine = new TestEngine()): string[] {
  for (const text of texts.split(' ; ')) call(engine, text);
  return engine.announced.filter(({ changed }) => changed).map(announcementText);
}

test('a key that a write names and does not change is not announced, and a read of it does not wait', () => {
  const cases: readonly (readonly [before: string, write: string, keys: string])[] = [
    ['', 'DEL k', 'k'],
    ['SET k v', 'SET k w NX', 'k'],
    ['', 'SET k w XX', 'k'],
    ['SADD k a', 'SADD k a', 'k'],
    ['SADD k a', 'SREM k b', 'k'],
    ['ZADD k 1 a', 'ZADD k 1 a', 'k'],
    ['HSET k f v', 'HSETNX k f w', 'k'],
    ['RPUSH k a', 'LTRIM k 0 -1', 'k'],
    ['RPUSH k a', 'LPUSHX l a', 'k l'],
    ['SETBIT k 7 1', 'SETBIT k 7 1', 'k'],
    ['SET k v', 'PERSIST k', 'k'],
    ['SET k v', 'EXPIRE k 100 XX', 'k'],
    ['SET k v', 'MSETNX l v k v', 'k l'],
    ['SET k v ; SET l v', 'RENAMENX k l', 'k l'],
    ['SET k v ; SELECT 1 ; SET k w ; SELECT 0', 'MOVE k 1', 'k'],
    ['SET k v', 'INCR k', 'k'],
    ['SADD k a ; SADD l a b', 'SMOVE l k c', 'k l'],
  ];
  for (const [before, write, keys] of cases) {
    const engine = new TestEngine();
    assert.deepEqual(announcedBy(before === '' ? write : `${before} ; ${write}`, engine), [], write);
    // Whatever comes next in the record does not concern these keys.
    const committed = engine.ctx.recordSeq - 1;
    for (const key of keys.split(' ')) {
      call(engine, `EXISTS ${key}`);
      assert.ok(engine.waitSeq <= committed, `${write}: a read of ${key} waits for a record that is not there`);
    }
  }
});

test('of several keys only those that changed are announced, in the database where they are', () => {
  const cases: readonly (readonly [texts: string, announced: string[], others: string])[] = [
    ['SET k v ; DEL x k y', ['del 0 k'], 'x y'],
    ['SADD k a ; SADD l a b ; SMOVE l k a', ['srem 0 l'], 'k'],
    ['SADD k a ; SADD l b ; SUNIONSTORE d k l', ['new 0 d', 'sunionstore 0 d'], 'k l'],
    ['RPUSH k a ; LMPOP 2 x k LEFT', ['lpop 0 k', 'del 0 k'], 'x'],
    ['SET k v ; COPY k l DB 3', ['new 3 l', 'copy_to 3 l'], 'k l'],
    ['SET k v ; MOVE k 3', ['new 3 k', 'move_from 0 k', 'move_to 3 k'], ''],
    ['ZADD k 1 a ; ZRANGESTORE d k 5 6', [], 'd k'],
    ['RPUSH k a ; SORT k BY w_* STORE d', ['new 0 d', 'sortstore 0 d'], 'k w_a'],
    ['SET k v ; PFMERGE d', ['new 0 d', 'pfadd 0 d'], 'k'],
  ];
  for (const [texts, announced, others] of cases) {
    const engine = new TestEngine();
    assert.deepEqual(announcedBy(texts, engine), announced, texts);
    const last = engine.ctx.recordSeq - 1;
    for (const key of others.split(' ').filter((name) => name !== '')) {
      call(engine, `EXISTS ${key}`);
      assert.notEqual(engine.waitSeq, announced.length === 0 ? last + 1 : last, `${texts}: a read of ${key} waits`);
    }
  }
});

test('a key that expires is announced when a master finds it, and on a slave when the DEL comes', () => {
  const master = new TestEngine();
  call(master, 'SET k v PX 10');
  call(master, 'SET l v PX 10');
  const slave = master.replica();
  master.now += 100;
  slave.now += 100;
  assert.equal(call(slave, 'GET k'), '$-1\r\n');
  assert.deepEqual(
    slave.announced.filter(({ name }) => name !== 'keymiss'),
    [],
    'it is hidden and still there',
  );
  call(master, 'GET k');
  assert.deepEqual(master.announced.map(announcementText), ['expired 0 k', 'keymiss 0 k']);
  slave.apply(master.history.at(-1)!);
  assert.deepEqual(slave.announced.map(announcementText), ['del 0 k']);
  const active = new Announced(master.ctx.keyspace);
  master.ctx.now = master.now;
  activeExpireCycle(master.ctx, () => 0, Infinity);
  assert.deepEqual(active.take().map(announcementText), ['expired 0 l']);
});

test('a key that is evicted is announced, and a read of it waits', () => {
  const engine = new TestEngine({ config: { 'maxmemory-policy': 'allkeys-random' } });
  call(engine, 'SET k v');
  engine.config.num.maxmemory = 1;
  const announced = new Announced(engine.ctx.keyspace);
  engine.ctx.begin();
  evictToLimit(engine.ctx);
  assert.deepEqual(announced.take().map(announcementText), ['evicted 0 k']);
  engine.config.num.maxmemory = 0;
  const record = engine.ctx.recordSeq;
  call(engine, 'GET k');
  assert.equal(engine.waitSeq, record);
});

test('FLUSHDB, FLUSHALL, SWAPDB and another data set are events of all keys, for those who ask for them', () => {
  const engine = new TestEngine();
  const { keyspace } = engine.ctx;
  const heard: unknown[] = [];
  keyspace.changes.subscribe(events.CLASS_WHOLE, {
    key: (kind) => assert.fail(`told of ${events.KEY_EVENTS[kind].name}`),
    whole: (kind, a, b) => heard.push([kind, a, b]),
  });
  for (const text of ['SET k v', 'SELECT 2', 'FLUSHDB', 'FLUSHALL', 'SWAPDB 1 4']) call(engine, text);
  const next = new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 1 });
  next.takePlaceOf(keyspace);
  assert.deepEqual(heard, [
    [events.FLUSHED, 2, -1],
    [events.FLUSHED, -1, -1],
    [events.SWAPPED, 1, 4],
    [events.REPLACED, -1, -1],
  ]);
  next.changes.tellWhole(events.FLUSHED, 0, -1);
  assert.equal(heard.length, 5, 'who listened to the old data set listens to the new one');
});

test('a listener hears the classes that it asked for until it stops, and nothing is wanted while nobody listens', () => {
  const { changes } = new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 1 });
  const key = Buffer.from('some key');
  const heard: string[] = [];
  const listen = (name: string, classes: number): (() => void) =>
    changes.subscribe(classes, {
      key: (kind, db, hash, buf, off, len, changed) => {
        const text = latin1(buf.subarray(off, off + len));
        heard.push(`${name} ${events.KEY_EVENTS[kind].name} ${db} ${hash} ${text} ${changed}`);
      },
      whole: () => {},
    });
  assert.equal(changes.wanted, 0);
  const stopMisses = listen('misses', events.CLASS_KEY_MISS);
  const stopLists = listen('lists', events.CLASS_LIST | events.CLASS_STRING);
  for (const kind of [events.KEYMISS, events.LPUSH, events.SADD]) changes.tell(kind, 3, 42, key, 5, 3);
  stopMisses();
  for (const kind of [events.KEYMISS, events.SET]) changes.tell(kind, 0, 42, key, 5, 3, false);
  stopLists();
  assert.equal(changes.wanted, 0);
  changes.tell(events.SET, 0, 42, key, 5, 3);
  assert.deepEqual(heard, ['misses keymiss 3 42 key true', 'lists lpush 3 42 key true', 'lists set 0 42 key false']);
});

test('what changes nothing and is told by Redis all the same is marked as such', () => {
  const engine = new TestEngine();
  call(engine, 'RPUSH k a b');
  call(engine, 'LTRIM k 0 -1');
  assert.deepEqual(
    engine.announced.map((one) => [announcementText(one), one.changed]),
    [['ltrim 0 k', false]],
  );
});
