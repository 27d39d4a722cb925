import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_LISTPACK, ENC_SKIPLIST, TYPE_ZSET, encodingOf } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import { DEFAULT_LIMITS, rootOf } from '../space.ts';
import type { EncodingLimits, Space } from '../space.ts';
import * as listpack from '../listpack/index.ts';
import * as zsets from './index.ts';
import { zsetOps } from './ops.ts';
import { free } from './zset.ts';

const runs = { numRuns: Number(process.env.WEIR_FC_RUNS ?? 60) };

interface Pair {
  readonly member: string;
  readonly score: number;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A sorted set beside a Map. */
class Both {
  readonly keyspace: Keyspace;
  readonly space: Space;
  readonly holder: Ref;
  readonly model = new Map<string, number>();

  constructor(limits: Partial<EncodingLimits> = {}, reserveBytes = 256 * 1024 * 1024, keyspace?: Keyspace) {
    this.keyspace =
      keyspace ??
      new Keyspace({
        databases: 1,
        arena: new Arena({ reserveBytes, debug: true }),
        seed: { k0: 11, k1: 22 },
        randomSeed: 5,
        limits: { ...DEFAULT_LIMITS, ...limits },
      });
    this.space = this.keyspace.space;
    this.holder = this.keyspace.detached(TYPE_ZSET, ENC_LISTPACK);
  }

  add(member: string, score: number, flags = 0): number {
    const bytes = bytesOf(member);
    const result = zsets.add(this.space, this.holder, bytes, 0, bytes.length, score, flags);
    const old = this.model.get(member);
    const next = (flags & zsets.INCR) !== 0 && old !== undefined ? old + score : score;
    let expected = zsets.UPDATED;
    if (old === undefined) expected = (flags & zsets.XX) !== 0 ? zsets.SKIPPED : zsets.ADDED;
    else if ((flags & zsets.NX) !== 0) expected = zsets.SKIPPED;
    else if (next !== next) expected = zsets.NOT_A_NUMBER;
    else if (((flags & zsets.GT) !== 0 && next <= old) || ((flags & zsets.LT) !== 0 && next >= old))
      expected = zsets.SKIPPED;
    else if (next === old) expected = zsets.UNCHANGED;
    assert.equal(result, expected);
    if (result === zsets.ADDED || result === zsets.UPDATED) {
      assert.equal(zsets.outcome.score, next);
      this.model.set(member, next);
    }
    return result;
  }

  remove(member: string): void {
    const bytes = bytesOf(member);
    assert.equal(zsets.remove(this.space, this.holder, bytes, 0, bytes.length), this.model.delete(member));
    this.dropIfEmpty();
  }

  removeRange(from: number, to: number): void {
    const sorted = this.sorted();
    zsets.removeRange(this.space, this.holder, from, to);
    for (const { member } of sorted.slice(from, to)) this.model.delete(member);
    this.dropIfEmpty();
  }

  /** An empty value does not exist: its key goes. */
  dropIfEmpty(): void {
    if (this.model.size === 0 && rootOf(this.space.arena, this.holder) !== 0) free(this.space, this.holder);
  }

  sorted(): Pair[] {
    return [...this.model]
      .map(([member, score]) => ({ member, score }))
      .sort((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : a.member < b.member ? -1 : 1));
  }

  check(): void {
    const { space, holder } = this;
    const sorted = this.sorted();
    assert.equal(zsets.size(space, holder), sorted.length);
    space.arena.verify();
    if (sorted.length === 0) return;
    zsetOps.verify(space, holder);
    const cursor = new zsets.Cursor();
    assert.deepEqual(walk(this, 0, true), sorted);
    assert.deepEqual(walk(this, sorted.length - 1, false), sorted.toReversed());
    assert.equal(cursor.seek(space, holder, sorted.length), false);
    for (let rank = 0; rank < sorted.length; rank += 1 + (sorted.length >> 4)) {
      const { member, score } = sorted[rank];
      const bytes = bytesOf(member);
      assert.equal(zsets.rankOf(space, holder, bytes, 0, bytes.length), rank);
      assert.equal(zsets.scoreOf(space, holder, bytes, 0, bytes.length) + 0, score + 0);
      assert.ok(cursor.seek(space, holder, rank));
      assert.equal(text(cursor), member);
      for (const orEqual of [false, true]) {
        const below = sorted.filter((pair) => pair.score < score || (orEqual && pair.score === score)).length;
        assert.equal(zsets.countBelow(space, holder, score, orEqual), below);
      }
    }
    const none = bytesOf('nobody');
    assert.equal(zsets.rankOf(space, holder, none, 0, none.length), -1);
    assert.ok(Number.isNaN(zsets.scoreOf(space, holder, none, 0, none.length)));
  }

  free(): void {
    this.keyspace.dropDetached(this.holder);
  }
}

function text({ element }: zsets.Cursor): string {
  return Buffer.from(element.copy()).toString('latin1');
}

function walk({ space, holder }: Both, from: number, forwards: boolean): Pair[] {
  const cursor = new zsets.Cursor();
  const pairs: Pair[] = [];
  if (!cursor.seek(space, holder, from)) return pairs;
  // + 0: whether a zero is negative depends on the encoding.
  do pairs.push({ member: text(cursor), score: cursor.score() + 0 });
  while (forwards ? cursor.next() : cursor.prev());
  return pairs;
}

const scores = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 3, arbitrary: fc.integer({ min: -1000, max: 1000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }).map((score) => score + 0) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity, 0.1, 2 ** 52, -(2 ** 53), 1e17, 5e-324, -1.5) },
);
const names = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 400 }).map((n) => `m${n}`) },
  { weight: 3, arbitrary: fc.integer({ min: -50, max: 50 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '\0', 'a\0', 'a', '\xff\x80', 'x'.repeat(64), 'x'.repeat(65), 'y'.repeat(5000)),
  },
);
const operations = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(
        fc.constant('add' as const),
        names,
        scores,
        fc.constantFrom(0, 0, 0, 1, 2, 4, 8, 16, 6, 20, 24),
      ),
    },
    { weight: 4, arbitrary: fc.tuple(fc.constant('remove' as const), names, fc.constant(0), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('range' as const), fc.constant(''), fc.nat(400), fc.nat(60)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('burst' as const), names, scores, fc.nat(300)) },
  ),
  { maxLength: 120 },
);

for (const zsetMaxListpackEntries of [0, 8, 128, 100_000]) {
  test(`a sorted set does what a sorted array does, up to ${zsetMaxListpackEntries} members in a listpack`, () => {
    fc.assert(
      fc.property(operations, (list) => {
        const both = new Both({
          zsetMaxListpackEntries,
          zsetMaxListpackValue: zsetMaxListpackEntries > 1000 ? 1e9 : 64,
        });
        for (const [kind, member, n, m] of list) {
          if (kind === 'add') both.add(member, n, m);
          else if (kind === 'remove') both.remove(member);
          else if (kind === 'range') {
            const from = Math.min(n, both.model.size);
            both.removeRange(from, Math.min(both.model.size, from + m));
          } else for (let i = 0; i < m; i++) both.add(`${member}:${i}`, n + (m % 3 === 0 ? i : m % 3 === 1 ? -i : 0));
        }
        both.check();
        both.free();
        both.space.arena.verify();
        assert.equal(both.space.arena.usedBytes, 0);
      }),
      runs,
    );
  });
}

test('a large sorted set keeps its order while it grows and shrinks in every way', () => {
  for (const [title, scoreOf] of Object.entries({
    ascending: (i: number) => i,
    descending: (i: number) => 9000 - i,
    equal: () => 7,
    random: (i: number) => (Math.imul(i, 0x9e3779b1) >>> 0) / 1000,
    clustered: (i: number) => Math.imul(i, 0x9e3779b1) >>> 29,
  })) {
    const both = new Both();
    // Enough for several inner nodes where it costs them most.
    const n = title === 'random' ? 20_000 : 6000;
    for (let i = 0; i < n; i++) both.add(`member:${i}`, scoreOf(i));
    both.check();
    assert.equal(encodingOf(both.space.arena, both.holder), ENC_SKIPLIST, title);
    for (let i = 0; i < n; i += 3) both.add(`member:${i}`, scoreOf(i) + 0.5);
    both.check();
    both.removeRange(0, 1000);
    both.removeRange(both.model.size - 1000, both.model.size);
    both.check();
    for (let i = 0; i < n; i += 2) both.remove(`member:${i}`);
    both.check();
    both.removeRange(300, 1000);
    both.check();
    for (const { member } of both.sorted()) {
      both.remove(member);
      if (both.model.size % 1000 === 1) both.check();
    }
    both.free();
    assert.equal(both.space.arena.usedBytes, 0, title);
  }
});

test('members added in order fill their nodes, in either direction', () => {
  for (const sign of [1, -1]) {
    const both = new Both({ zsetMaxListpackEntries: 0 });
    const { arena } = both.space;
    for (let i = 0; i < 20_000; i++) both.add(`m${i}`, sign * i);
    let elements = 0;
    for (const member of both.model.keys()) elements += Arena.roundUp(16 + member.length);
    const { bytes } = both.space.members.open(rootOf(arena, both.holder));
    const perEntry = (zsetOps.bytes(both.space, both.holder) - elements - bytes) / 20_000;
    assert.ok(perEntry < 13, `${perEntry} bytes an entry`);
    both.free();
  }
});

test('ranges by score are found with both ends inclusive and exclusive', () => {
  for (const zsetMaxListpackEntries of [0, 1000]) {
    const both = new Both({ zsetMaxListpackEntries });
    for (let i = 0; i < 500; i++) both.add(`m${i}`, [i % 20, -Infinity, Infinity, i / 7][i % 4]);
    const sorted = both.sorted();
    const bounds = [-Infinity, -1, 0, 3, 3.5, 19, 400, Infinity];
    for (const min of bounds) {
      for (const max of bounds) {
        for (let exclusive = 0; exclusive < 4; exclusive++) {
          const minEx = (exclusive & 1) !== 0;
          const maxEx = (exclusive & 2) !== 0;
          const inside = ({ score }: Pair) =>
            (minEx ? score > min : score >= min) && (maxEx ? score < max : score <= max);
          const count = zsets.scoreRange(both.space, both.holder, min, minEx, max, maxEx);
          assert.equal(count, sorted.filter(inside).length);
          if (count > 0) assert.equal(zsets.range.from, sorted.findIndex(inside));
        }
      }
    }
    both.free();
  }
});

test('ranges by name are found with both ends inclusive and exclusive, from either side', () => {
  const bound = (text: string): zsets.LexBound => {
    const made = new zsets.LexBound();
    if (text === '-' || text === '+') made.setInfinite(text === '-' ? -1 : 1);
    else made.set(bytesOf(text), 1, text.length - 1, text[0] === '(');
    return made;
  };
  const above = (text: string, member: string): boolean =>
    text === '-' || (text !== '+' && (text[0] === '(' ? member > text.slice(1) : member >= text.slice(1)));
  const below = (text: string, member: string): boolean =>
    text === '+' || (text !== '-' && (text[0] === '(' ? member < text.slice(1) : member <= text.slice(1)));
  for (const zsetMaxListpackEntries of [0, 1000]) {
    const both = new Both({ zsetMaxListpackEntries });
    for (let i = 0; i < 300; i++) both.add(String(i * i), 0);
    const members = both.sorted().map(({ member }) => member);
    const bounds = ['-', '+', '[', '(', '[1', '(1', '[100', '(100', '[1000', '[3', '(9', '[9999999', '(x'];
    for (const min of bounds) {
      for (const max of bounds) {
        for (const reverse of [false, true]) {
          const inside = members.filter((member) => above(min, member) && below(max, member));
          const count = zsets.lexRange(both.space, both.holder, bound(min), bound(max), reverse);
          assert.equal(count, inside.length, `${min} ${max}`);
          if (count > 0) assert.equal(zsets.range.from, members.indexOf(inside[0]));
        }
      }
    }
    both.free();
  }
});

test('copies, digests and fingerprints depend on the content alone', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(names, scores), { selector: ([name]) => name, maxLength: 200, minLength: 1 }),
      (pairs) => {
        const seen = new Set<string>();
        for (const zsetMaxListpackEntries of [0, 100_000]) {
          const both = new Both({ zsetMaxListpackEntries, zsetMaxListpackValue: 1e9 });
          const { keyspace, space } = both;
          for (const [member, score] of zsetMaxListpackEntries === 0 ? pairs : pairs.toReversed())
            both.add(member, score);
          const copy = new Both({}, 0, keyspace);
          zsetOps.copy(space, both.holder, copy.holder);
          if (zsetMaxListpackEntries === 0) space.arena.u8[copy.holder * 16] = space.arena.u8[both.holder * 16];
          for (const [member, score] of both.model) copy.model.set(member, score);
          copy.check();
          for (const { holder } of [both, copy]) {
            const lanes = new Int32Array(2);
            const digest = new DigestMixer();
            zsetOps.fingerprint(space, holder, 3, 4, lanes);
            zsetOps.digest(space, holder, digest);
            seen.add(`${lanes.join()} ${Buffer.from(digest.bytes).toString('hex')}`);
          }
          const before = space.arena.usedBytes;
          const bytes = zsetOps.bytes(space, copy.holder);
          free(space, copy.holder);
          assert.equal(space.arena.usedBytes, before - bytes);
          copy.free();
          both.add('another', 1);
          const lanes = new Int32Array(2);
          zsetOps.fingerprint(space, both.holder, 3, 4, lanes);
          if (!pairs.some(([member]) => member === 'another'))
            assert.ok(![...seen].some((text) => text.startsWith(`${lanes.join()} `)));
          both.free();
          assert.equal(space.arena.usedBytes, 0);
        }
        assert.equal(seen.size, 1);
      },
    ),
    runs,
  );
});

test('the fingerprint tells a changed score and exchanged scores', () => {
  const fingerprints = new Set<string>();
  for (const [a, b] of [
    [1, 2],
    [2, 1],
    [1, 3],
    [1, 1],
    [-1, 2],
    [0, 2],
  ]) {
    const both = new Both();
    both.add('a', a);
    both.add('b', b);
    const lanes = new Int32Array(2);
    zsetOps.fingerprint(both.space, both.holder, 1, 2, lanes);
    fingerprints.add(lanes.join());
  }
  assert.equal(fingerprints.size, 6);
});

test('a scan of a sorted set that changes meanwhile tells of every member that stays', () => {
  const both = new Both({ zsetMaxListpackEntries: 0 });
  for (let i = 0; i < 2000; i++) both.add(`m${i}`, i);
  const seen = new Set<string>();
  const refs: Ref[] = [];
  const cursor = new zsets.Cursor();
  let at = 0;
  let removed = 500;
  do {
    at = zsets.scan(both.space, both.holder, at, refs);
    for (const ref of refs) {
      cursor.at(both.space, ref);
      assert.equal(both.model.get(text(cursor)), cursor.score());
      seen.add(text(cursor));
    }
    refs.length = 0;
    for (let i = 0; i < 10 && removed < 2000; i++) both.remove(`m${removed++}`);
  } while (at !== 0);
  for (let i = 0; i < 500; i++) assert.ok(seen.has(`m${i}`));
  both.free();
});

test('a full arena refuses a change and leaves the sorted set as it was', () => {
  for (const limits of [
    { zsetMaxListpackEntries: 0 },
    { zsetMaxListpackEntries: 1e6, zsetMaxListpackValue: 1e6 },
    {},
  ]) {
    const both = new Both(limits, 1024 * 1024);
    let refusals = 0;
    for (let i = 0; i < 30_000 && refusals < 300; i++) {
      const member = refusals > 0 && i % 3 === 0 ? `m${i % 50}` : `m${i}${'x'.repeat(refusals > 0 ? i % 600 : 100)}`;
      try {
        both.add(member, (Math.imul(i, 0x9e3779b1) >>> 0) % 10_000);
      } catch (error) {
        if (!(error instanceof ArenaFullError)) throw error;
        refusals++;
        if (refusals % 20 === 0) both.check();
      }
      if (limits.zsetMaxListpackEntries === 1e6 && i > 1000) break;
    }
    both.check();
    if (limits.zsetMaxListpackEntries !== 1e6) assert.ok(refusals > 0);
    // Removing needs nothing.
    for (const { member } of both.sorted()) both.remove(member);
    both.free();
    assert.equal(both.space.arena.usedBytes, 0);
  }
});

test('a member whose new place has no room keeps its score', () => {
  const both = new Both({ zsetMaxListpackEntries: 0 }, 4 * 1024 * 1024);
  const { space } = both;
  // Full leaves, but for some holes.
  for (let i = 0; i < 4000; i++) both.add(`m${i}`, i);
  for (let i = 0; i < 400; i++) both.remove(`m${i * 10}`);
  const blocks: Ref[] = [];
  for (let bytes = 16_384; bytes >= 16; bytes /= 2) {
    try {
      for (;;) blocks.push(space.arena.alloc(bytes));
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }
  let refused = 0;
  for (let i = 0; i < 4000; i++) {
    const member = `m${(i * 7) % 4000}`;
    try {
      if (both.model.has(member)) both.add(member, 100 + (i % 30) / 64);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      if (refused++ % 500 === 0) both.check();
    }
  }
  assert.ok(refused > 1000);
  both.check();
  for (const block of blocks) space.arena.free(block);
  both.free();
  assert.equal(space.arena.usedBytes, 0);
});

test('a conversion or copy that finds no room leaves nothing behind', () => {
  const both = new Both({ zsetMaxListpackEntries: 1e6, zsetMaxListpackValue: 1e6 }, 8 * 1024 * 1024);
  const { space } = both;
  for (let i = 0; i < 600; i++) both.add(`${'member'.repeat(20)}${i}`, i);
  const used = space.arena.usedBytes;
  const blocks: Ref[] = [];
  try {
    for (;;) blocks.push(space.arena.alloc(16_000));
  } catch (error) {
    assert.ok(error instanceof ArenaFullError);
  }
  const full = space.arena.usedBytes;
  Object.assign(space.limits, { zsetMaxListpackEntries: 10 });
  assert.throws(() => both.add('another', 1), ArenaFullError);
  const copy = new Both({}, 0, both.keyspace);
  assert.throws(() => zsetOps.copy(space, both.holder, copy.holder), ArenaFullError);
  assert.equal(rootOf(space.arena, copy.holder), 0);
  copy.free();
  assert.equal(space.arena.usedBytes, full);
  for (const block of blocks) space.arena.free(block);
  assert.equal(space.arena.usedBytes, used);
  both.check();
  both.free();
});

test('a listpack is loaded as it is, or as a table when it is longer than the limit', () => {
  for (const zsetMaxListpackEntries of [3, 4]) {
    const both = new Both({ zsetMaxListpackEntries });
    const { space } = both;
    let lp = listpack.create(space.arena);
    for (const [member, score] of [
      ['a', '-inf'],
      ['b', '0.10000000000000001'],
      ['c', '3'],
      ['12', '1e+17'],
    ]) {
      for (const part of [member, score]) lp = listpack.append(space.arena, lp, bytesOf(part), 0, part.length);
    }
    const bytes = space.arena.u8.slice(lp * 16, lp * 16 + listpack.bytesOf(space.arena, lp));
    space.arena.free(lp);
    zsets.loadListpack(space, both.holder, bytes, 0, bytes.length);
    assert.equal(encodingOf(space.arena, both.holder), zsetMaxListpackEntries === 4 ? ENC_LISTPACK : ENC_SKIPLIST);
    for (const [member, score] of [
      ['a', -Infinity],
      ['b', 0.1],
      ['c', 3],
      ['12', 1e17],
    ] as const)
      both.model.set(member, score);
    both.check();
    assert.equal(zsets.loadMember(space, both.holder, bytesOf('b'), 0, 1, 5), false);
    assert.equal(zsets.loadMember(space, both.holder, bytesOf('z'), 0, 1, 5), true);
    both.free();
  }
});
