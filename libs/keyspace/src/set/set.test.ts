import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_HASHTABLE, ENC_INTSET, ENC_LISTPACK, TYPE_SET, encodingOf } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import { Element } from '../listpack/index.ts';
import { DEFAULT_LIMITS, rootOf } from '../space.ts';
import type { EncodingLimits, Space } from '../space.ts';
import * as sets from './index.ts';
import { setOps } from './ops.ts';

const SEED = 20261122;

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function keyspaceWith(limits: Partial<EncodingLimits> = {}, reserveBytes = 1 << 26, debug = true): Keyspace {
  const arena = new Arena({ debug, reserveBytes });
  return new Keyspace({
    arena,
    databases: 1,
    seed: { k0: 1, k1: 2 },
    randomSeed: 3,
    limits: { ...DEFAULT_LIMITS, ...limits },
  });
}

const add = (space: Space, holder: Ref, text: string): number => sets.add(space, holder, bytes(text), 0, text.length);
const has = (space: Space, holder: Ref, text: string): boolean => sets.has(space, holder, bytes(text), 0, text.length);
const remove = (space: Space, holder: Ref, text: string): number =>
  sets.remove(space, holder, bytes(text), 0, text.length);

function membersOf(space: Space, holder: Ref): string[] {
  const out: string[] = [];
  const iterator = new sets.SetIterator();
  iterator.start(space, holder);
  while (iterator.next()) out.push(Buffer.from(iterator.element.copy()).toString('latin1'));
  return out;
}

function setOf(keyspace: Keyspace, texts: readonly string[], encoding = ENC_INTSET): Ref {
  const holder = keyspace.detached(TYPE_SET, encoding);
  for (const text of texts) add(keyspace.space, holder, text);
  return holder;
}

function fingerprintOf(space: Space, holder: Ref): string {
  const lanes = new Int32Array(2);
  setOps.fingerprint(space, holder, 12345, 67890, lanes);
  const digest = new DigestMixer();
  setOps.digest(space, holder, digest);
  return `${lanes.join()} ${Buffer.from(digest.bytes).toString('hex')}`;
}

const EDGES = [
  ...[
    '',
    '0',
    '-0',
    '1',
    '-1',
    '01',
    'a',
    ' 1',
    '+1',
    '32767',
    '32768',
    '-32768',
    '-32769',
    '2147483647',
    '2147483648',
  ],
  ...[
    '-2147483648',
    '-2147483649',
    '4294967295',
    '4294967296',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
  ],
  ...[
    '-9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
  ],
  ...['\0', '\xff\0\r\n', 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65), 'y'.repeat(5000)],
];
const integer = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map(String),
  fc.integer({ min: -70_000, max: 70_000 }).map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
);
const member = fc.oneof({ weight: 6, arbitrary: integer }, { weight: 1, arbitrary: fc.constantFrom(...EDGES) });
const limits = fc.constantFrom<Partial<EncodingLimits>>(
  {},
  { setMaxIntsetEntries: 4, setMaxListpackEntries: 8, setMaxListpackValue: 20 },
  { setMaxIntsetEntries: 0, setMaxListpackEntries: 0 },
  { setMaxIntsetEntries: 20, setMaxListpackEntries: 5 },
  { setMaxIntsetEntries: 5, setMaxListpackEntries: 40, setMaxListpackValue: 3 },
);
const action = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'remove', 'remove present', 'burst', 'pop', 'popMany'),
  member,
  at: fc.nat(),
});

test('random changes do to a set what they do to a Set, in every encoding, and every byte is accounted for', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), limits, (actions, over) => {
      const keyspace = keyspaceWith(over);
      const { space, arena } = keyspace;
      const holder = keyspace.detached(TYPE_SET, ENC_INTSET);
      const model = new Set<string>();
      const element = new Element();
      for (const { kind, member, at } of actions) {
        const one = [...model][at % Math.max(1, model.size)];
        if (kind === 'add') {
          assert.equal(add(space, holder, member), model.has(member) ? 0 : 1);
          model.add(member);
        } else if (kind === 'remove') {
          assert.equal(remove(space, holder, member), model.delete(member) ? 1 : 0);
        } else if (kind === 'burst') {
          const many = at % 100;
          if (sets.size(space, holder) > 0) sets.prepare(space, holder, many, bytes('0'), 0, 1);
          for (let i = 0; i < many; i++) {
            const text = at % 2 === 0 ? `m${at % 1000}:${i}` : String((at % 5000) + i * 7);
            assert.equal(add(space, holder, text), model.has(text) ? 0 : 1);
            model.add(text);
          }
        } else if (one === undefined) continue;
        else if (kind === 'remove present') {
          assert.equal(remove(space, holder, one), 1);
          model.delete(one);
        } else {
          const popped: string[] = [];
          const tell = (): void => void popped.push(Buffer.from(element.copy()).toString('latin1'));
          const count = kind === 'pop' ? 1 : at % model.size;
          if (kind === 'pop') sets.pop(space, holder, element, tell);
          else {
            const chosen: string[] = [];
            const choose = (): void => void chosen.push(Buffer.from(element.copy()).toString('latin1'));
            sets.popMany(space, holder, count, element, choose, tell);
            assert.deepEqual(popped, chosen);
          }
          assert.equal(popped.length, count);
          for (const text of popped) assert.ok(model.delete(text), text);
        }
        assert.equal(sets.size(space, holder), model.size);
        assert.equal(has(space, holder, member), model.has(member));
        if (encodingOf(arena, holder) === ENC_INTSET) {
          const expected = [...model].map(BigInt).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
          assert.deepEqual(membersOf(space, holder).map(BigInt), expected);
        } else assert.deepEqual(membersOf(space, holder).sort(), [...model].sort());
        if (model.size > 0) setOps.verify(space, holder);
      }
      arena.verify();
      if (rootOf(arena, holder) !== 0) {
        assert.equal(setOps.bytes(space, holder) + 16, arena.usedBytes);
        const copy = keyspace.detached(TYPE_SET, encodingOf(arena, holder));
        setOps.copy(space, holder, copy);
        assert.deepEqual(membersOf(space, copy).sort(), [...model].sort());
        assert.equal(fingerprintOf(space, copy), fingerprintOf(space, holder));
        keyspace.dropDetached(copy);
      }
      keyspace.dropDetached(holder);
      assert.equal(arena.usedBytes, 0);
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test('digest and fingerprint do not depend on the encoding or the order, only on the members', () => {
  const texts = ['5', '-7', '9223372036854775807', '0'];
  const intset = setOf(keyspaceWith(), texts);
  const listed = keyspaceWith({ setMaxIntsetEntries: 0 });
  const listpack = setOf(listed, [...texts].reverse(), ENC_LISTPACK);
  const hashed = keyspaceWith({ setMaxIntsetEntries: 0, setMaxListpackEntries: 0 });
  const table = setOf(hashed, texts, ENC_HASHTABLE);
  assert.equal(encodingOf(listed.arena, listpack), ENC_LISTPACK);
  assert.equal(encodingOf(hashed.arena, table), ENC_HASHTABLE);
  const first = keyspaceWith();
  const expected = fingerprintOf(first.space, setOf(first, texts));
  assert.ok(intset > 0);
  assert.equal(fingerprintOf(listed.space, listpack), expected);
  assert.equal(fingerprintOf(hashed.space, table), expected);
  const other = keyspaceWith();
  assert.notEqual(fingerprintOf(other.space, setOf(other, ['5', '-7', '9223372036854775806', '0'])), expected);
});

test('the encoding changes where Redis 7.2 changes it', () => {
  const keyspace = keyspaceWith({ setMaxIntsetEntries: 3, setMaxListpackEntries: 4, setMaxListpackValue: 5 });
  const { space, arena } = keyspace;
  const encodingAfter = (texts: readonly string[], announced = 1): number => {
    const holder = keyspace.detached(TYPE_SET, ENC_INTSET);
    sets.prepare(space, holder, announced, bytes(texts[0]), 0, texts[0].length);
    for (const text of texts) add(space, holder, text);
    setOps.verify(space, holder);
    const encoding = encodingOf(arena, holder);
    keyspace.dropDetached(holder);
    return encoding;
  };
  assert.equal(encodingAfter(['1', '2', '3']), ENC_INTSET);
  // From an intset that is full to a table, even if a listpack could hold it.
  assert.equal(encodingAfter(['1', '2', '3', '4']), ENC_HASHTABLE);
  assert.equal(encodingAfter(['1', '2', '3', 'a']), ENC_LISTPACK);
  assert.equal(encodingAfter(['1', '2', '3', 'a', 'b']), ENC_HASHTABLE);
  assert.equal(encodingAfter(['1', 'toolong']), ENC_HASHTABLE);
  assert.equal(encodingAfter(['100000', 'a']), ENC_HASHTABLE);
  assert.equal(encodingAfter(['1000', '-1000', 'a']), ENC_LISTPACK);
  assert.equal(encodingAfter(['-10000', 'a']), ENC_HASHTABLE);
  assert.equal(encodingAfter(['a', '1']), ENC_LISTPACK);
  // What is announced decides about the first encoding.
  assert.equal(encodingAfter(['1'], 3), ENC_INTSET);
  assert.equal(encodingAfter(['1'], 4), ENC_LISTPACK);
  assert.equal(encodingAfter(['1'], 5), ENC_HASHTABLE);
  assert.equal(encodingAfter(['a'], 5), ENC_HASHTABLE);
  assert.equal(arena.usedBytes, 0);
});

test('a set with more announced than fit its encoding becomes a table ahead', () => {
  const keyspace = keyspaceWith({ setMaxIntsetEntries: 3, setMaxListpackEntries: 4 });
  const { space, arena } = keyspace;
  const ints = setOf(keyspace, ['1']);
  sets.prepare(space, ints, 3, bytes('2'), 0, 1);
  assert.equal(encodingOf(arena, ints), ENC_INTSET);
  sets.prepare(space, ints, 4, bytes('2'), 0, 1);
  assert.equal(encodingOf(arena, ints), ENC_HASHTABLE);
  const words = setOf(keyspace, ['a']);
  sets.prepare(space, words, 4, bytes('b'), 0, 1);
  assert.equal(encodingOf(arena, words), ENC_LISTPACK);
  sets.prepare(space, words, 5, bytes('b'), 0, 1);
  assert.equal(encodingOf(arena, words), ENC_HASHTABLE);
  assert.deepEqual(membersOf(space, words), ['a']);
});

test('popping nearly everything of a table leaves a listpack, as the new set that Redis makes then', () => {
  const keyspace = keyspaceWith();
  const { space, arena } = keyspace;
  const element = new Element();
  const all = Array.from({ length: 1000 }, (_, i) => `member:${i}`);
  const few = setOf(keyspace, all);
  const tooMany = (): void => {
    throw new Error('too many');
  };
  assert.throws(() => sets.popMany(space, few, 900, element, tooMany, () => {}), /too many/);
  assert.equal(sets.size(space, few), 1000);
  sets.popMany(
    space,
    few,
    900,
    element,
    () => {},
    () => {},
  );
  assert.equal(encodingOf(arena, few), ENC_LISTPACK);
  assert.equal(sets.size(space, few), 100);
  setOps.verify(space, few);
  const half = setOf(keyspace, all);
  sets.popMany(
    space,
    half,
    830,
    element,
    () => {},
    () => {},
  );
  assert.equal(encodingOf(arena, half), ENC_HASHTABLE);
});

test('an intset holds the whole range of 64 bits and finds every integer that is in it', () => {
  const keyspace = keyspaceWith({ setMaxIntsetEntries: 5000 });
  const { space, arena } = keyspace;
  fc.assert(
    fc.property(fc.array(integer, { maxLength: 300 }), fc.array(integer, { maxLength: 50 }), (texts, others) => {
      const holder = setOf(keyspace, texts);
      const model = new Set(texts);
      assert.equal(encodingOf(arena, holder), ENC_INTSET);
      assert.equal(sets.size(space, holder), model.size);
      for (const text of [...texts, ...others]) assert.equal(has(space, holder, text), model.has(text));
      if (model.size > 0) setOps.verify(space, holder);
      keyspace.dropDetached(holder);
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test('intsets are the bytes that Redis writes', () => {
  const keyspace = keyspaceWith();
  const element = new Element();
  const hex = (texts: readonly string[]): string => {
    assert.ok(sets.raw(keyspace.space, setOf(keyspace, texts), element));
    return Buffer.from(element.copy()).toString('hex');
  };
  assert.equal(hex(['1', '-1']), '02000000' + '02000000' + 'ffff' + '0100');
  assert.equal(hex(['1', '-40000']), '04000000' + '02000000' + 'c063ffff' + '01000000');
  assert.equal(hex(['1', '4294967296']), '08000000' + '02000000' + '0100000000000000' + '0000000001000000');
});

test('sets are loaded from their bytes, as tables when there are too many, and duplicates are refused', () => {
  const from = keyspaceWith({ setMaxIntsetEntries: 100_000, setMaxListpackEntries: 100_000 });
  for (const n of [1, 5, 40, 300]) {
    for (const kind of ['ints', 'words']) {
      const texts = Array.from({ length: n }, (_, i) => (kind === 'ints' ? String(i * 1000) : `w${i}`));
      const raw = new Element();
      const source = setOf(from, texts);
      assert.ok(sets.raw(from.space, source, raw));
      const blob = raw.copy();
      for (const limits of [{}, { setMaxIntsetEntries: 3, setMaxListpackEntries: 3 }]) {
        const to = keyspaceWith(limits);
        const holder = to.detached(TYPE_SET, ENC_INTSET);
        if (kind === 'ints') sets.loadIntset(to.space, holder, blob, 0, blob.length);
        else assert.ok(sets.loadListpack(to.space, holder, blob, 0, blob.length));
        setOps.verify(to.space, holder);
        assert.equal(fingerprintOf(to.space, holder), fingerprintOf(from.space, source));
        const most = kind === 'ints' ? to.space.limits.setMaxIntsetEntries : to.space.limits.setMaxListpackEntries;
        const small = kind === 'ints' ? ENC_INTSET : ENC_LISTPACK;
        assert.equal(encodingOf(to.arena, holder), n > most ? ENC_HASHTABLE : small);
        to.dropDetached(holder);
        assert.equal(to.arena.usedBytes, 0);
      }
    }
  }
});

test('a listpack with a member twice is no set', () => {
  const keyspace = keyspaceWith({ setMaxIntsetEntries: 0 });
  const { space, arena } = keyspace;
  for (const n of [2, 31, 33, 100]) {
    const texts = Array.from({ length: n - 1 }, (_, i) => String.fromCharCode(33 + (i % 64), 33 + (i >> 6)));
    const source = setOf(keyspace, [...texts, '!?'], ENC_LISTPACK);
    const element = new Element();
    assert.ok(sets.raw(space, source, element));
    const blob = element.copy();
    assert.equal(blob[7], 33);
    // The last member becomes the first.
    blob[blob.length - 3] = 33;
    const used = arena.usedBytes;
    const holder = keyspace.detached(TYPE_SET, ENC_LISTPACK);
    assert.equal(sets.loadListpack(space, holder, blob, 0, blob.length), false, `${n} members`);
    assert.equal(rootOf(arena, holder), 0);
    keyspace.dropDetached(holder);
    assert.equal(arena.usedBytes, used);
  }
});

test('members that are loaded one by one get the encoding of their number, and 0 for a second time', () => {
  const keyspace = keyspaceWith({ setMaxIntsetEntries: 4 });
  const { space, arena } = keyspace;
  const holder = keyspace.detached(TYPE_SET, ENC_INTSET);
  sets.startLoading(space, holder, 3);
  assert.deepEqual([add(space, holder, '1'), add(space, holder, 'a'), add(space, holder, '1')], [1, 1, 0]);
  assert.equal(encodingOf(arena, holder), ENC_LISTPACK);
  const many = keyspace.detached(TYPE_SET, ENC_INTSET);
  sets.startLoading(space, many, 5);
  assert.equal(add(space, many, '1'), 1);
  assert.equal(encodingOf(arena, many), ENC_HASHTABLE);
});

test('a set of integers becomes an intset again when it is asked to, one with a word does not', () => {
  for (const over of [{ setMaxListpackEntries: 128 }, { setMaxListpackEntries: 0 }]) {
    const keyspace = keyspaceWith(over);
    const { space, arena } = keyspace;
    const holder = setOf(keyspace, ['a', '5', '-3']);
    sets.tryIntset(space, holder);
    assert.notEqual(encodingOf(arena, holder), ENC_INTSET);
    remove(space, holder, 'a');
    sets.tryIntset(space, holder);
    assert.equal(encodingOf(arena, holder), ENC_INTSET);
    assert.deepEqual(membersOf(space, holder), ['-3', '5']);
    keyspace.dropDetached(holder);
    assert.equal(arena.usedBytes, 0);
  }
});

test('a full arena refuses a member, a conversion and a copy, and nothing is lost or leaked', () => {
  for (const kind of ['words', 'ints', 'long', 'mixed'] as const) {
    const keyspace = keyspaceWith({ setMaxIntsetEntries: 4000, setMaxListpackEntries: 4000 }, 1 << 20);
    const { space, arena } = keyspace;
    const text = (i: number): string => {
      if (kind === 'ints') return String(i * 3_000_000_000);
      if (kind === 'long') return `${i}`.padEnd(70, '.');
      return kind === 'mixed' && i < 3500 ? String(i) : `member:${i}`;
    };
    const holder = keyspace.detached(TYPE_SET, ENC_INTSET);
    let n = 0;
    for (;;) {
      try {
        add(space, holder, text(n));
        n++;
      } catch (error) {
        assert.ok(error instanceof ArenaFullError);
        break;
      }
    }
    assert.ok(n > 1000, `${n} ${kind}`);
    assert.equal(sets.size(space, holder), n);
    setOps.verify(space, holder);
    arena.verify();
    const used = arena.usedBytes;
    const copy = keyspace.detached(TYPE_SET, encodingOf(arena, holder));
    try {
      setOps.copy(space, holder, copy);
    } catch (error) {
      assert.ok(error instanceof ArenaFullError);
      assert.equal(rootOf(arena, copy), 0);
    }
    keyspace.dropDetached(copy);
    assert.equal(arena.usedBytes, used);
    for (let i = 0; i < n; i++) assert.equal(remove(space, holder, text(i)), 1);
    keyspace.dropDetached(holder);
    assert.equal(arena.usedBytes, 0);
  }
});

test('random members are equally likely in every encoding', () => {
  // 99.99 % quantiles of chi-square with 99 degrees of freedom are about 160; the seed is fixed.
  for (const over of [{}, { setMaxIntsetEntries: 0 }, { setMaxIntsetEntries: 0, setMaxListpackEntries: 0 }]) {
    const keyspace = keyspaceWith(over, 1 << 24, false);
    const { space } = keyspace;
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    const holder = keyspace.detached(TYPE_SET, ENC_INTSET);
    sets.prepare(space, holder, 1, bytes('0'), 0, 1);
    for (const text of texts) add(space, holder, text);
    const element = new Element();
    const draws: Record<string, () => string[]> = {
      random: () => {
        sets.random(space, holder, element);
        return [Buffer.from(element.copy()).toString()];
      },
      repeating: () => {
        const out: string[] = [];
        sets.sampleRepeating(space, holder, 20, element, () => out.push(Buffer.from(element.copy()).toString()));
        return out;
      },
      few: () => {
        const out: string[] = [];
        sets.sampleDistinct(space, holder, 10, element, () => out.push(Buffer.from(element.copy()).toString()));
        assert.equal(new Set(out).size, 10);
        return out;
      },
      most: () => {
        const out: string[] = [];
        sets.sampleDistinct(space, holder, 80, element, () => out.push(Buffer.from(element.copy()).toString()));
        assert.equal(new Set(out).size, 80);
        return out;
      },
    };
    for (const [name, draw] of Object.entries(draws)) {
      const counts = new Map<string, number>();
      let total = 0;
      while (total < 40_000) {
        for (const text of draw()) {
          counts.set(text, (counts.get(text) ?? 0) + 1);
          total++;
        }
      }
      let chi = 0;
      for (const text of texts) chi += ((counts.get(text) ?? 0) - total / 100) ** 2 / (total / 100);
      assert.ok(chi < 160, `${name} in ${JSON.stringify(over)}: chi-square ${chi}`);
    }
  }
});
