import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import {
  ENC_INTSET,
  ENC_LISTPACK,
  ENC_STREAM,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
  typeOf,
} from './entry.ts';
import { fingerprint } from './fingerprint.ts';
import * as hashes from './hash/index.ts';
import { Keyspace } from './keyspace.ts';
import * as lists from './list/index.ts';
import * as sets from './set/index.ts';
import { DEFAULT_LIMITS } from './space.ts';
import type { Space } from './space.ts';
import { append, idOf } from './stream/stream.testing.ts';
import * as streams from './stream/index.ts';
import { verifyKeyspace } from './testing.ts';
import { opsOf } from './values.ts';
import * as zsets from './zset/index.ts';

const SEED = 20261123;
const NOW = 1_700_000_000_000;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function keyspaceOf(reserveBytes = 1 << 26, lazyServerDel = false): Keyspace {
  return new Keyspace({
    arena: new Arena({ debug: true, reserveBytes }),
    databases: 2,
    seed: { k0: 1, k1: 2 },
    randomSeed: 3,
    // Small nodes: many blocks in few elements.
    limits: {
      ...DEFAULT_LIMITS,
      hashMaxListpackEntries: 8,
      setMaxIntsetEntries: 8,
      setMaxListpackEntries: 8,
      zsetMaxListpackEntries: 8,
      listMaxListpackSize: 2,
      streamNodeMaxEntries: 2,
    },
    lazyfree: {
      lazyfreeLazyEviction: false,
      lazyfreeLazyExpire: false,
      lazyfreeLazyServerDel: lazyServerDel,
      lazyfreeLazyUserDel: false,
      lazyfreeLazyUserFlush: false,
    },
  });
}

/** Element `i` into a value; an `i` that is there already takes it out again, where the type can. */
type Change = (space: Space, holder: Ref, i: number) => void;

interface Kind {
  readonly type: number;
  readonly encoding: number;
  readonly change: Change;
}

const KINDS: Record<string, Kind> = {
  set: {
    type: TYPE_SET,
    encoding: ENC_INTSET,
    change(space, holder, i) {
      const member = bytes(`member:${i}`);
      if (sets.add(space, holder, member, 0, member.length) === 0) sets.remove(space, holder, member, 0, member.length);
    },
  },
  hash: {
    type: TYPE_HASH,
    encoding: ENC_LISTPACK,
    change(space, holder, i) {
      const field = bytes(`field:${i}`);
      const value = bytes(`value:${i}`.repeat(i % 5));
      hashes.set(space, holder, field, 0, field.length, value, 0, value.length);
    },
  },
  zset: {
    type: TYPE_ZSET,
    encoding: ENC_LISTPACK,
    change(space, holder, i) {
      const member = bytes(`member:${i}`);
      zsets.add(space, holder, member, 0, member.length, (i * 37) % 101, 0);
    },
  },
  list: {
    type: TYPE_LIST,
    encoding: ENC_LISTPACK,
    change(space, holder, i) {
      const element = bytes('e'.repeat(i % 97 === 0 ? 20_000 : i % 50));
      lists.grow(space, holder, element.length, 1);
      lists.push(space, holder, i % 3 > 0, element, 0, element.length);
    },
  },
  stream: {
    type: TYPE_STREAM,
    encoding: ENC_STREAM,
    change(space, holder, i) {
      const entries = streams.length(space, holder);
      const id = BigInt(entries + 1) << 64n;
      append(space, holder, id, ['field', `value:${i}`]);
      const name = bytes(`group:${i % 3}`);
      let group = streams.findGroup(space, holder, name, 0, name.length);
      if (group === 0) group = streams.createGroup(space, holder, name, 0, name.length, idOf(0n), 0, 0);
      const own = bytes(`consumer:${i % 4}`);
      let consumer = streams.findConsumer(space, group, own, 0, own.length);
      if (consumer === 0) consumer = streams.createConsumer(space, group, own, 0, own.length, NOW);
      streams.addPending(space, group, consumer, idOf(id), NOW, 1, 0);
    },
  },
};
const NAMES = Object.keys(KINDS);

/** A key of that kind in a database, with `n` elements. */
function put(keyspace: Keyspace, name: string, kind: Kind, n: number, db = 0): Ref {
  const { space } = keyspace;
  const holder = keyspace.detached(kind.type, kind.encoding);
  // The root of a stream is made by its first change.
  if (kind.type === TYPE_STREAM) streams.init(space, holder);
  for (let i = 0; i < n; i++) kind.change(space, holder, i);
  const key = bytes(name);
  const hash = keyspace.hash(key, 0, key.length);
  const database = keyspace.dbs[db];
  const replaced = database.keys.find(hash, key, 0, key.length);
  return keyspace.attach(keyspace.key(database, hash, key, 0, key.length), replaced, holder, NOW);
}

function find(keyspace: Keyspace, name: string, db = 0): Ref {
  const key = bytes(name);
  return keyspace.dbs[db].keys.find(keyspace.hash(key, 0, key.length), key, 0, key.length);
}

function unlink(keyspace: Keyspace, name: string): void {
  const ref = find(keyspace, name);
  keyspace.remove(keyspace.dbs[0], keyspace.dbs[0].keys.hashOf(ref), ref, true);
}

function verifyAll(keyspace: Keyspace): void {
  verifyKeyspace(keyspace);
  for (const db of keyspace.dbs) {
    db.keys.forEach((ref) => {
      if (typeOf(keyspace.arena, ref) !== TYPE_STRING) opsOf(keyspace.space, ref).verify(keyspace.space, ref);
    });
  }
}

const kindName = fc.constantFrom(...NAMES);
const run = { seed: SEED, numRuns: 30 };

test('a value of any type is given back by any small budgets, to the last byte, and no step does much more than its budget', () => {
  fc.assert(
    fc.property(
      kindName,
      fc.integer({ min: 220, max: 600 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      (name, n, budgets) => {
        const keyspace = keyspaceOf();
        const { arena, later } = keyspace;
        for (const other of NAMES) put(keyspace, `other:${other}`, KINDS[other], 40);
        // The tables of the database may grow once.
        put(keyspace, 'key', KINDS[name], 1);
        unlink(keyspace, 'key');
        const before = arena.usedBytes;
        const freed = later.freed;
        put(keyspace, 'key', KINDS[name], n);
        unlink(keyspace, 'key');
        assert.equal(later.pending, 1);
        assert.equal(find(keyspace, 'key'), 0);
        for (let i = 0; !later.idle; i++) {
          const budget = budgets[i % budgets.length];
          const blocks = arena.blocks;
          later.step(budget);
          assert.ok(blocks - arena.blocks <= budget + 70, `${blocks - arena.blocks} blocks by a budget of ${budget}`);
          if (i % 16 === 0) verifyAll(keyspace);
        }
        verifyAll(keyspace);
        assert.equal(arena.usedBytes, before);
        assert.equal(later.freed, freed + 1);
      },
    ),
    run,
  );
});

test('what is done to other values between the steps is done as if nothing waited', () => {
  const step = fc.record({
    kind: kindName,
    change: fc.integer({ min: 0, max: 300 }),
    times: fc.integer({ min: 1, max: 30 }),
    what: fc.constantFrom('change', 'change', 'change', 'unlink', 'replace'),
    budget: fc.integer({ min: 0, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const lazy = keyspaceOf(1 << 26, true);
      const plain = keyspaceOf();
      for (const keyspace of [lazy, plain]) {
        for (const name of NAMES) put(keyspace, name, KINDS[name], 150);
        for (const { kind, change, times, what, budget } of steps) {
          const ref = find(keyspace, kind);
          if (what === 'replace') put(keyspace, kind, KINDS[kind], change);
          else if (what === 'unlink') {
            keyspace.remove(keyspace.dbs[0], keyspace.dbs[0].keys.hashOf(ref), ref, keyspace === lazy);
            put(keyspace, kind, KINDS[kind], 1 + (change % 200));
          } else for (let i = 0; i < times; i++) KINDS[kind].change(keyspace.space, ref, change + i * 7);
          if (keyspace === lazy && budget > 0) keyspace.later.step(budget);
        }
        assert.equal(plain.later.freed, 0);
      }
      assert.deepEqual(fingerprint(lazy), fingerprint(plain));
      verifyAll(lazy);
      while (lazy.later.step(100) > 0);
      verifyAll(lazy);
      assert.deepEqual(fingerprint(lazy), fingerprint(plain));
      assert.equal(lazy.usedBytes, plain.usedBytes);
    }),
    run,
  );
});

test('a full arena takes what waits, in the middle of whatever needs the room, and refuses only what does not fit then', () => {
  for (const growing of NAMES) {
    const keyspace = keyspaceOf(1 << 20);
    const { later, space } = keyspace;
    const wide = keyspaceOf();
    put(wide, 'grows', KINDS[growing], 1);
    put(keyspace, 'grows', KINDS[growing], 1);
    // Two thirds of the arena wait.
    for (let i = 0; keyspace.usedBytes < 700_000; i++) {
      put(keyspace, 'waits', KINDS[NAMES[i % 5]], 250);
      unlink(keyspace, 'waits');
    }
    const waits = later.pending;
    assert.ok(waits > 1);
    let met = 0;
    let i = 0;
    try {
      for (; keyspace.usedBytes < 1 << 21; i++) {
        const pending = later.pending;
        KINDS[growing].change(space, find(keyspace, 'grows'), 1000 + i);
        if (later.pending < pending) {
          met++;
          if (met % 8 === 0) verifyAll(keyspace);
        }
      }
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
    assert.ok(met > 1, `${growing} met what waits ${met} times`);
    assert.ok(later.idle, `${growing} was refused while ${later.pending} wait`);
    verifyAll(keyspace);
    if (growing === 'stream') continue; // its last change is three, of which some may be there
    for (let j = 0; j < i; j++) KINDS[growing].change(wide.space, find(wide, 'grows'), 1000 + j);
    assert.deepEqual(fingerprint(keyspace), fingerprint(wide));
  }
});

test('a table that takes the place of one that was given back is not taken for it', () => {
  const keyspace = keyspaceOf();
  const { space } = keyspace;
  const member = bytes('member:1');
  for (const name of ['set', 'hash', 'zset']) {
    const ref = put(keyspace, name, KINDS[name], 200);
    const home = keyspace.arena.u32[ref * 4 + 3];
    space.members.open(home);
    unlink(keyspace, name);
    while (keyspace.later.step(30) > 0);
    // The free block of that size that was given back last is the next one that is handed out.
    const set = put(keyspace, 'next', KINDS.set, 9);
    assert.equal(keyspace.arena.u32[set * 4 + 3], home);
    assert.equal(sets.size(space, set), 9);
    assert.ok(sets.has(space, set, member, 0, member.length));
    unlink(keyspace, 'next');
  }
});

test('a database that is flushed for later is empty at once, can be filled again, and is given back with its large values', () => {
  const keyspace = keyspaceOf();
  const { later, arena } = keyspace;
  put(keyspace, 'stays', KINDS.zset, 100, 1);
  const before = arena.usedBytes;
  const db = keyspace.dbs[0];
  for (let i = 0; i < 500; i++) put(keyspace, `${i}`, KINDS[NAMES[i % 5]], i % 40 === 0 ? 300 : 3);
  for (let i = 0; i < 500; i += 3) {
    const ref = find(keyspace, `${i}`);
    keyspace.setExpire(db, db.keys.hashOf(ref), ref, NOW + 1000);
  }
  keyspace.flush(db, true);
  assert.equal(later.pending, 500);
  assert.equal(db.keys.size, 0);
  assert.equal(db.expires.size, 0);
  put(keyspace, '7', KINDS.hash, 50);
  const refilled = fingerprint(keyspace);
  for (let i = 0, last = 500; !later.idle; i++) {
    const blocks = arena.blocks;
    later.step(20);
    assert.ok(blocks - arena.blocks < 500);
    assert.ok(later.pending <= last);
    last = later.pending;
    if (i % 16 === 0) verifyAll(keyspace);
  }
  assert.equal(later.freed, 500);
  assert.deepEqual(fingerprint(keyspace), refilled);
  unlink(keyspace, '7');
  verifyAll(keyspace);
  assert.equal(arena.usedBytes, before);
});

test('flushing everything forgets what waits, as it is gone with the arena', () => {
  const keyspace = keyspaceOf();
  put(keyspace, 'a', KINDS.set, 300);
  put(keyspace, 'b', KINDS.set, 300);
  unlink(keyspace, 'a');
  keyspace.later.step(10);
  keyspace.flush(keyspace.dbs[0], true);
  assert.equal(keyspace.later.pending, 0);
  assert.equal(keyspace.later.freed, 2);
  assert.equal(keyspace.usedBytes, 0);
  put(keyspace, 'a', KINDS.set, 300);
  verifyAll(keyspace);
  assert.equal(keyspace.later.step(10), 0);
});

test('values of few blocks are given back at once; whoever is told that others wait is told once', () => {
  const keyspace = keyspaceOf();
  const { later } = keyspace;
  let told = 0;
  later.onBegin = () => told++;
  for (const name of NAMES) {
    put(keyspace, name, KINDS[name], 7);
    unlink(keyspace, name);
  }
  assert.equal(later.pending, 0);
  assert.equal(told, 0);
  for (const n of [64, 65]) {
    put(keyspace, 'set', KINDS.set, n);
    unlink(keyspace, 'set');
    assert.equal(later.pending, n - 64);
  }
  put(keyspace, 'hash', KINDS.hash, 65);
  unlink(keyspace, 'hash');
  assert.equal(told, 1);
  assert.equal(later.pending, 2);
  while (later.step(50) > 0);
  put(keyspace, 'hash', KINDS.hash, 65);
  unlink(keyspace, 'hash');
  assert.equal(told, 2);
});
