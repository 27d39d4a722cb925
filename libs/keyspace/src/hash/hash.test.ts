import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_HASHTABLE, ENC_LISTPACK, TYPE_HASH, encodingOf, setEncoding } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import * as lp from '../listpack/index.ts';
import { DEFAULT_LIMITS } from '../space.ts';
import type { EncodingLimits, Space } from '../space.ts';
import * as hashes from './index.ts';
import { hashOps } from './ops.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (element: lp.Element): string => Buffer.from(element.copy()).toString('latin1');

interface World {
  keyspace: Keyspace;
  space: Space;
  arena: Arena;
  limits: { -readonly [K in keyof EncodingLimits]: EncodingLimits[K] };
}

function world(over: Partial<EncodingLimits> = {}, reserveBytes = 64 * 1024 ** 2): World {
  const arena = new Arena({ debug: true, reserveBytes });
  const limits = { ...DEFAULT_LIMITS, ...over };
  const keyspace = new Keyspace({ arena, seed: { k0: 1, k1: 2 }, randomSeed: 3, limits });
  return { keyspace, space: keyspace.space, arena, limits };
}

function set(space: Space, holder: Ref, field: string, value: string): 0 | 1 {
  return hashes.set(space, holder, bytes(field), 0, field.length, bytes(value), 0, value.length);
}

function remove(space: Space, holder: Ref, field: string): boolean {
  return hashes.remove(space, holder, bytes(field), 0, field.length);
}

const element = new lp.Element();

function get(space: Space, holder: Ref, field: string): string | undefined {
  return hashes.get(space, holder, bytes(field), 0, field.length, element) ? text(element) : undefined;
}

function pairs(space: Space, holder: Ref): [string, string][] {
  const iterator = new hashes.HashIterator().start(space, holder);
  const all: [string, string][] = [];
  while (iterator.next()) all.push([text(iterator.field), text(iterator.value)]);
  return all;
}

function check(space: Space, holder: Ref, model: Map<string, string>): void {
  assert.equal(hashes.length(space, holder), model.size);
  if (model.size > 0) hashOps.verify(space, holder);
  const all = pairs(space, holder);
  assert.equal(all.length, model.size);
  assert.deepEqual(new Map(all), model);
  for (const [field, value] of model) {
    assert.equal(get(space, holder, field), value);
    assert.equal(hashes.valueLength(space, holder, bytes(field), 0, field.length), value.length);
  }
  space.arena.verify();
}

/** Digest, and fingerprint under two seeds. */
function sums(space: Space, holder: Ref): string {
  const digest = new DigestMixer();
  hashOps.digest(space, holder, digest);
  const lanes = new Int32Array(2);
  hashOps.fingerprint(space, holder, 11, 22, lanes);
  return Buffer.from(digest.bytes).toString('hex') + ` ${lanes[0]} ${lanes[1]}`;
}

const fieldArb = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map(String),
  fc.constantFrom('', 'a', '-1', '007', '9223372036854775807', '9223372036854775808', '\xff\0', 'f'.repeat(70)),
);
const valueArb = fc.oneof(
  fc.constantFrom('', '0', '-5', '9007199254740993', 'v'.repeat(64), 'v'.repeat(65), 'w'.repeat(5000)),
  fc.integer({ min: 0, max: 300 }).map((n) => 'x'.repeat(n)),
);
const changeArb = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), field: fieldArb, value: valueArb }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), field: fieldArb, value: fc.constant('') }),
  },
);

test('a hash is a map, whatever its encoding, and gives all of its memory back', () => {
  fc.assert(
    fc.property(
      fc.array(changeArb, { maxLength: 120 }),
      fc.constantFrom(0, 3, 10, 512),
      fc.constantFrom(10, 64, 100_000),
      (changes, hashMaxListpackEntries, hashMaxListpackValue) => {
        const { keyspace, space, arena } = world({ hashMaxListpackEntries, hashMaxListpackValue });
        const before = arena.usedBytes;
        const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
        const model = new Map<string, string>();
        let large = false;
        for (const { kind, field, value } of changes) {
          if (kind === 'set') {
            assert.equal(set(space, holder, field, value), model.has(field) ? 0 : 1);
            model.set(field, value);
            large ||=
              model.size > hashMaxListpackEntries || Math.max(field.length, value.length) > hashMaxListpackValue;
          } else assert.equal(remove(space, holder, field), model.delete(field));
          assert.equal(encodingOf(arena, holder), large ? ENC_HASHTABLE : ENC_LISTPACK);
        }
        check(space, holder, model);
        if (model.size > 0) {
          const used = arena.usedBytes - before - arena.usableBytes(holder);
          assert.equal(hashOps.bytes(space, holder), used);
          const copy = keyspace.detached(TYPE_HASH, encodingOf(arena, holder));
          hashOps.copy(space, holder, copy);
          check(space, copy, model);
          assert.equal(sums(space, copy), sums(space, holder));
          if (!large) {
            hashes.convert(space, copy, 0);
            check(space, copy, model);
            assert.equal(sums(space, copy), sums(space, holder), 'the encoding must not count');
          }
          const [field] = model.keys();
          set(space, copy, field, model.get(field) + '!');
          assert.notEqual(sums(space, copy), sums(space, holder), 'a value must count');
          keyspace.dropDetached(copy);
        }
        keyspace.dropDetached(holder);
        assert.equal(arena.usedBytes, before);
        arena.verify();
      },
    ),
    { numRuns: 150 },
  );
});

test('a hash grows to thousands of fields and shrinks again, with the same pairs in every walk', () => {
  const { keyspace, space, arena } = world();
  const before = arena.usedBytes;
  const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  const model = new Map<string, string>();
  for (let i = 0; i < 5000; i++) {
    set(space, holder, `f${i}`, `v${i * 7}`);
    model.set(`f${i}`, `v${i * 7}`);
    if (i === 511) assert.equal(encodingOf(arena, holder), ENC_LISTPACK);
    if (i === 512) assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
    if (i % 700 === 0) check(space, holder, model);
  }
  check(space, holder, model);
  for (let i = 0; i < 4990; i++) {
    assert.ok(remove(space, holder, `f${i}`));
    model.delete(`f${i}`);
    if (i % 700 === 0) check(space, holder, model);
  }
  check(space, holder, model);
  assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
  keyspace.dropDetached(holder);
  assert.equal(arena.usedBytes, before);
});

test('a command with more pairs, or longer ones, than a listpack takes makes a table first', () => {
  const { keyspace, space, arena } = world();
  const encodingAfter = (pairCount: number, longest: number, total: number): number => {
    const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
    hashes.prepare(space, holder, pairCount, longest, total);
    set(space, holder, 'f', 'v');
    const encoding = encodingOf(arena, holder);
    keyspace.dropDetached(holder);
    return encoding;
  };
  assert.equal(encodingAfter(512, 64, 1000), ENC_LISTPACK);
  assert.equal(encodingAfter(513, 1, 1000), ENC_HASHTABLE);
  assert.equal(encodingAfter(1, 65, 65), ENC_HASHTABLE);
  assert.equal(encodingAfter(1, 1, 2 ** 30), ENC_HASHTABLE);
});

test('a scan reports every field that stays, while others come and go', () => {
  const { keyspace, space } = world();
  const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  for (let i = 0; i < 2000; i++) set(space, holder, `stay${i}`, 'v');
  const seen = new Set<string>();
  const field = new lp.Element();
  const value = new lp.Element();
  let cursor = 0;
  let step = 0;
  do {
    const found: hashes.Handle[] = [];
    cursor = hashes.scan(space, holder, cursor, found);
    for (const handle of found) {
      hashes.pairAt(space, holder, handle, field, value);
      seen.add(text(field));
    }
    for (let i = 0; i < 50; i++) set(space, holder, `new${step}:${i}`, 'v');
    if (step > 40) for (let i = 0; i < 90; i++) remove(space, holder, `new${step - 40}:${i}`);
    step++;
  } while (cursor !== 0 && step < 20_000);
  assert.equal(cursor, 0);
  for (let i = 0; i < 2000; i++) assert.ok(seen.has(`stay${i}`), `stay${i}`);
  keyspace.dropDetached(holder);
});

test('random pairs are pairs of the hash; distinct ones are distinct, and each is as likely as the others', () => {
  for (const hashMaxListpackEntries of [512, 0]) {
    const { keyspace, space } = world({ hashMaxListpackEntries });
    const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
    for (let i = 0; i < 40; i++) set(space, holder, `f${i}`, `v${i}`);
    const field = new lp.Element();
    const value = new lp.Element();
    for (const count of [0, 1, 5, 13, 14, 20, 39, 40, 41]) {
      const hits = new Map<string, number>();
      const rounds = 2000;
      for (let round = 0; round < rounds; round++) {
        const out: hashes.Handle[] = [];
        hashes.randomDistinct(space, holder, count, out);
        assert.equal(out.length, Math.min(count, 40));
        assert.equal(new Set(out).size, out.length);
        for (const handle of out) {
          hashes.pairAt(space, holder, handle, field, value);
          assert.equal(text(value), text(field).replace('f', 'v'));
          hits.set(text(field), (hits.get(text(field)) ?? 0) + 1);
        }
      }
      // Six standard deviations.
      const expected = (Math.min(count, 40) * rounds) / 40;
      for (let i = 0; i < 40; i++) {
        const times = hits.get(`f${i}`) ?? 0;
        assert.ok(Math.abs(times - expected) <= 6 * Math.sqrt(expected), `f${i}: ${times} of ${expected}`);
      }
    }
    const single = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      hashes.pairAt(space, holder, hashes.randomHandle(space, holder), field, value);
      single.add(text(field));
    }
    assert.equal(single.size, 40);
    keyspace.dropDetached(holder);
  }
});

test('a full arena refuses a change, and the hash is as it was', () => {
  for (const hashMaxListpackEntries of [512, 20]) {
    const { keyspace, space, arena } = world({ hashMaxListpackEntries, hashMaxListpackValue: 3000 }, 1024 ** 2);
    const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
    const model = new Map<string, string>();
    let refused = 0;
    for (let i = 0; i < 20_000 && refused < 200; i++) {
      const field = `f${i % 3000}`;
      const value = 'x'.repeat((i * 37) % 2500);
      try {
        set(space, holder, field, value);
        model.set(field, value);
      } catch (error) {
        assert.ok(error instanceof ArenaFullError);
        refused++;
        if (refused % 20 === 0) check(space, holder, model);
      }
    }
    assert.equal(refused, 200);
    check(space, holder, model);
    const copy = keyspace.detached(TYPE_HASH, encodingOf(arena, holder));
    const blocks = arena.blocks;
    assert.throws(() => hashOps.copy(space, holder, copy), ArenaFullError);
    assert.equal(arena.blocks, blocks);
    arena.free(copy);
    for (const field of [...model.keys()]) {
      remove(space, holder, field);
      model.delete(field);
      if (model.size % 97 === 0 && model.size > 0) check(space, holder, model);
    }
    keyspace.dropDetached(holder);
    assert.equal(arena.usedBytes, 0);
  }
});

test('a conversion that finds no room leaves the listpack', () => {
  const { keyspace, space, arena, limits } = world({}, 1024 ** 2);
  const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  const model = new Map<string, string>();
  for (let i = 0; i < 400; i++) {
    set(space, holder, `f${i}`, `value${i}`);
    model.set(`f${i}`, `value${i}`);
  }
  limits.hashMaxListpackEntries = 400;
  const fill: Ref[] = [];
  for (const size of [65536, 4096, 512, 96, 64, 48, 32, 16]) {
    try {
      for (;;) fill.push(arena.alloc(size));
    } catch (error) {
      assert.ok(error instanceof ArenaFullError);
    }
  }
  const used = arena.usedBytes;
  // Replacing with the same length needs no memory for the listpack; a new pair is not kept.
  assert.throws(() => set(space, holder, 'new', 'v'), ArenaFullError);
  assert.equal(encodingOf(arena, holder), ENC_LISTPACK);
  assert.ok(arena.usedBytes <= used);
  check(space, holder, model);
  for (const ref of fill) arena.free(ref);
  set(space, holder, 'new', 'v');
  model.set('new', 'v');
  assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
  check(space, holder, model);
  keyspace.dropDetached(holder);
  assert.equal(arena.usedBytes, 0);
});

test('listpacks of files become hashes, unless they are none', () => {
  const { keyspace, space, arena, limits } = world();
  const load = (...texts: string[]): Ref => {
    let root = lp.create(arena);
    for (const element of texts) root = lp.append(arena, root, bytes(element), 0, element.length);
    const raw = arena.u8.slice(root * 16, root * 16 + lp.bytesOf(arena, root));
    arena.free(root);
    const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
    const used = arena.usedBytes;
    if (hashes.fromListpack(space, holder, raw, 0, raw.length)) return holder;
    assert.equal(arena.usedBytes, used);
    arena.free(holder);
    return 0;
  };
  let holder = load('a', '1', 'b', 'two', '3', 'x');
  check(space, holder, new Map(Object.entries({ a: '1', b: 'two', 3: 'x' })));
  assert.equal(hashes.listpackOf(space, holder), arena.u32[holder * 4 + 3]);
  keyspace.dropDetached(holder);
  assert.equal(load('a', '1', 'b'), 0);
  assert.equal(load(), 0);
  assert.equal(load('a', '1', 'b', '2', 'a', '1'), 0);
  assert.equal(load('7', '1', 'b', '2', '7', '1'), 0);
  const many: string[] = [];
  for (let i = 0; i < 513; i++) many.push(`f${i}`, `v${i}`);
  holder = load(...many);
  assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
  assert.equal(hashes.listpackOf(space, holder), 0);
  assert.equal(hashes.length(space, holder), 513);
  keyspace.dropDetached(holder);
  assert.equal(load(...many, 'f511', 'v'), 0);
  limits.hashMaxListpackEntries = 1;
  holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  const loadPair = (field: string, value: string): boolean =>
    hashes.loadPair(space, holder, bytes(field), 0, field.length, bytes(value), 0, value.length);
  assert.ok(loadPair('a', '1'));
  assert.equal(encodingOf(arena, holder), ENC_LISTPACK);
  assert.ok(loadPair('b', '1'));
  assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
  assert.ok(!loadPair('a', '2'));
  keyspace.dropDetached(holder);
  holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  hashes.prepareLoad(space, holder, 2);
  assert.equal(encodingOf(arena, holder), ENC_HASHTABLE);
  assert.ok(loadPair('a', '1'));
  keyspace.dropDetached(holder);
  assert.equal(arena.usedBytes, 0);
});

test('values on both sides share the table object without mixing', () => {
  const { keyspace, space, arena } = world({ hashMaxListpackEntries: 0 });
  const holders = [0, 1, 2].map(() => keyspace.detached(TYPE_HASH, ENC_LISTPACK));
  const models = holders.map(() => new Map<string, string>());
  for (let i = 0; i < 900; i++) {
    const which = (i * 7) % 3;
    set(space, holders[which], `f${i % 200}`, `v${i}`);
    models[which].set(`f${i % 200}`, `v${i}`);
    if (i % 5 === 0) {
      remove(space, holders[(which + 1) % 3], `f${i % 50}`);
      models[(which + 1) % 3].delete(`f${i % 50}`);
    }
  }
  holders.forEach((holder, i) => check(space, holder, models[i]));
  for (const holder of holders) keyspace.dropDetached(holder);
  assert.equal(arena.usedBytes, 0);
});

test('a fresh holder is an empty hash', () => {
  const { keyspace, space, arena } = world();
  const holder = keyspace.detached(TYPE_HASH, ENC_LISTPACK);
  setEncoding(arena, holder, ENC_LISTPACK);
  assert.equal(hashes.length(space, holder), 0);
  assert.equal(get(space, holder, 'f'), undefined);
  assert.equal(remove(space, holder, 'f'), false);
  assert.equal(hashes.randomHandle(space, holder), 0);
  assert.deepEqual(pairs(space, holder), []);
  keyspace.dropDetached(holder);
});
