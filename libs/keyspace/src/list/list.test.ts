import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena, ArenaFullError } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { DigestMixer } from '../digest-mixer.ts';
import { ENC_LISTPACK, ENC_QUICKLIST, TYPE_LIST, encodingOf } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import { Element } from '../listpack/index.ts';
import { DEFAULT_LIMITS } from '../space.ts';
import { listOps } from './ops.ts';
import * as lists from './index.ts';

const SEED = 20261122;
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (element: Element): string => Buffer.from(element.copy()).toString('latin1');
const element = new Element();

/** A keyspace whose list-max-listpack-size can be changed. */
function keyspaceWith(size: number, reserveBytes = 1 << 26) {
  const arena = new Arena({ debug: true, reserveBytes });
  const limits = { ...DEFAULT_LIMITS, listMaxListpackSize: size };
  const keyspace = new Keyspace({ arena, databases: 1, seed: { k0: 1, k1: 2 }, randomSeed: 1, limits });
  return { arena, keyspace, space: keyspace.space, limits };
}

type World = ReturnType<typeof keyspaceWith>;

function push(world: World, list: Ref, atTail: boolean, ...values: string[]): void {
  lists.grow(
    world.space,
    list,
    values.reduce((sum, value) => sum + value.length, 0),
    values.length,
  );
  for (const value of values) lists.push(world.space, list, atTail, bytes(value), 0, value.length);
}

function listOf(world: World, ...values: string[]): Ref {
  const list = world.keyspace.detached(TYPE_LIST, ENC_LISTPACK);
  push(world, list, true, ...values);
  return list;
}

const iterator = new lists.ListIterator();

function elements(world: World, list: Ref, from = 0, backward = false): string[] {
  const out: string[] = [];
  iterator.start(world.space, list, from, backward);
  while (iterator.next(element)) out.push(text(element));
  return out;
}

function nodeCounts(world: World, list: Ref): number {
  return new lists.NodeIterator().start(world.space, list);
}

function digest(world: World, list: Ref): string {
  const mixer = new DigestMixer();
  listOps.digest(world.space, list, mixer);
  return Buffer.from(mixer.bytes).toString('hex');
}

function fingerprint(world: World, list: Ref): number[] {
  const lanes = new Int32Array(2);
  listOps.fingerprint(world.space, list, 1, 2, lanes);
  return [...lanes];
}

const FEW = [
  'a',
  'b',
  'c',
  '1',
  '2',
  '-7',
  '300',
  '70000',
  '9223372036854775807',
  '-9223372036854775808',
  '',
  '\xff\0',
];
const value = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...FEW) },
  { weight: 3, arbitrary: fc.nat(300).map((n) => 'x'.repeat(n)) },
  { weight: 2, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.constantFrom(4089, 4090, 4096, 4097, 8192, 8193, 20_000).map((n) => 'L'.repeat(n)) },
);
const at = fc.nat(1000);
const change = fc.oneof(
  fc.record({
    kind: fc.constant('push' as const),
    tail: fc.boolean(),
    values: fc.array(value, { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    kind: fc.constant('fill' as const),
    tail: fc.boolean(),
    values: fc.array(fc.constantFrom('w'.repeat(40), '12345', 'abc'), { minLength: 30, maxLength: 150 }),
  }),
  fc.record({ kind: fc.constant('pop' as const), tail: fc.boolean() }),
  fc.record({ kind: fc.constant('set' as const), at, value }),
  fc.record({ kind: fc.constant('insert' as const), at, after: fc.boolean(), value }),
  fc.record({ kind: fc.constant('remove' as const), at, max: fc.nat(4), backward: fc.boolean() }),
  fc.record({ kind: fc.constant('range' as const), at, n: fc.nat(60) }),
  fc.record({ kind: fc.constant('trim' as const), at, n: fc.integer({ min: 10, max: 1000 }) }),
  fc.record({ kind: fc.constant('rotate' as const), tail: fc.boolean(), toTail: fc.boolean() }),
  fc.record({
    kind: fc.constant('filter' as const),
    at,
    modulus: fc.integer({ min: 2, max: 5 }),
    backward: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('limit' as const), size: fc.constantFrom(-5, -2, -1, 0, 1, 3, 128) }),
);

/** Does to the list and to the array the same. */
function apply(
  world: World,
  list: Ref,
  model: string[],
  action: typeof change extends fc.Arbitrary<infer T> ? T : never,
): void {
  const { space, limits } = world;
  if (action.kind === 'push' || action.kind === 'fill') {
    push(world, list, action.tail, ...action.values);
    if (action.tail) model.push(...action.values);
    else model.unshift(...action.values.toReversed());
  } else if (action.kind === 'limit') limits.listMaxListpackSize = action.size;
  else if (model.length === 0) return;
  else if (action.kind === 'pop') {
    lists.peek(space, list, action.tail, element);
    assert.equal(text(element), action.tail ? model.pop() : model.shift());
    lists.pop(space, list, action.tail);
    lists.shrink(space, list);
  } else if (action.kind === 'set') {
    const index = action.at % model.length;
    // Counted from either end.
    const from = action.at % 2 === 0 ? index : index - model.length;
    assert.ok(lists.set(space, list, from, bytes(action.value), 0, action.value.length));
    model[index] = action.value;
    assert.equal(lists.set(space, list, model.length, bytes('x'), 0, 1), false);
    assert.equal(lists.set(space, list, -model.length - 1, bytes('x'), 0, 1), false);
  } else if (action.kind === 'insert') {
    const pivot = model[action.at % model.length];
    const buf = bytes(action.value);
    assert.ok(lists.insert(space, list, action.after, bytes(pivot), 0, pivot.length, buf, 0, buf.length));
    model.splice(model.indexOf(pivot) + (action.after ? 1 : 0), 0, action.value);
    assert.equal(lists.insert(space, list, true, bytes('nobody'), 0, 6, buf, 0, buf.length), false);
  } else if (action.kind === 'remove') {
    const victim = model[action.at % model.length];
    const max = action.max === 0 ? Infinity : action.max;
    const removed = lists.remove(space, list, max, action.backward, bytes(victim), 0, victim.length);
    let expected = 0;
    for (; expected < max; expected++) {
      const index = action.backward ? model.lastIndexOf(victim) : model.indexOf(victim);
      if (index < 0) break;
      model.splice(index, 1);
    }
    assert.equal(removed, expected);
    lists.shrink(space, list);
  } else if (action.kind === 'range') {
    const from = action.at % model.length;
    lists.removeRange(space, list, from, action.n);
    model.splice(from, action.n);
    lists.shrink(space, list);
  } else if (action.kind === 'trim') {
    const from = action.at % model.length;
    const n = Math.min(action.n, model.length - from);
    lists.trim(space, list, from, n);
    model.splice(0, model.length, ...model.slice(from, from + n));
    lists.shrink(space, list);
  } else if (action.kind === 'rotate') {
    lists.rotate(space, list, action.tail, action.toTail);
    const moved = action.tail ? model.pop()! : model.shift()!;
    if (action.toTail) model.push(moved);
    else model.unshift(moved);
    lists.shrink(space, list);
  } else {
    // Removing while walking.
    const from = action.at % model.length;
    let index = from;
    const kept = new Set(model.keys());
    iterator.start(space, list, from, action.backward);
    while (iterator.step()) {
      assert.ok(iterator.equals(bytes(model[index]), 0, model[index].length));
      if (index % action.modulus === 0) {
        iterator.remove();
        kept.delete(index);
      }
      index += action.backward ? -1 : 1;
    }
    assert.equal(index, action.backward ? -1 : model.length);
    model.splice(0, model.length, ...model.filter((_, i) => kept.has(i)));
    lists.shrink(space, list);
  }
}

test('random edits do to a list what they do to an array, in every encoding and at every limit', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(-2, -1, 0, 1, 4, 128),
      fc.array(change, { minLength: 5, maxLength: 60 }),
      (size, changes) => {
        const world = keyspaceWith(size);
        const { arena, space, keyspace } = world;
        const list = listOf(world, 'first');
        const model = ['first'];
        for (const action of changes) {
          apply(world, list, model, action);
          if (model.length > 0) listOps.verify(space, list);
          assert.equal(lists.length(space, list), model.length);
          assert.deepEqual(elements(world, list), model);
        }
        const last = model.length - 1;
        assert.deepEqual(elements(world, list, last, true), model.toReversed());
        for (let i = 0; i < model.length; i += 7) {
          assert.ok(lists.index(space, list, i, element));
          assert.equal(text(element), model[i]);
          assert.ok(lists.index(space, list, i - model.length, element));
          assert.equal(text(element), model[i]);
          assert.deepEqual(elements(world, list, i), model.slice(i));
          assert.deepEqual(elements(world, list, i, true), model.slice(0, i + 1).toReversed());
        }
        assert.equal(lists.index(space, list, model.length, element), false);
        assert.equal(lists.index(space, list, -model.length - 1, element), false);
        arena.verify();
        assert.equal(arena.usedBytes, arena.usableBytes(list) + listOps.bytes(space, list));
        keyspace.dropDetached(list);
        assert.equal(arena.usedBytes, 0);
      },
    ),
    { seed: SEED, numRuns: 150 },
  );
});

test('a copy has the same elements and encoding, and lives on its own', () => {
  for (const size of [-2, 2]) {
    const world = keyspaceWith(size);
    const list = listOf(world, 'a', '17', 'x'.repeat(9000), 'b', 'c');
    const copy = world.keyspace.detached(TYPE_LIST, encodingOf(world.arena, list));
    listOps.copy(world.space, list, copy);
    const before = elements(world, list);
    push(world, list, true, 'more');
    assert.deepEqual(elements(world, copy), before);
    listOps.verify(world.space, copy);
    world.keyspace.dropDetached(list);
    world.keyspace.dropDetached(copy);
    assert.equal(world.arena.usedBytes, 0);
  }
});

test('digest and fingerprint tell elements and their order, and nothing of the encoding', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 2, maxLength: 12 }), (values) => {
      const packed = keyspaceWith(-5);
      const chained = keyspaceWith(1);
      const a = listOf(packed, ...values);
      const b = listOf(chained, ...values);
      assert.equal(encodingOf(chained.arena, b), ENC_QUICKLIST);
      assert.equal(digest(packed, a), digest(chained, b));
      assert.deepEqual(fingerprint(packed, a), fingerprint(chained, b));
      const others = [values.toReversed(), [...values, ''], values.slice(1), [values.join(''), '']];
      for (const other of others) {
        if (other.length === values.length && other.every((v, i) => v === values[i])) continue;
        const c = listOf(packed, ...(other.length === 0 ? ['z'] : other));
        assert.notEqual(digest(packed, c), digest(packed, a));
        assert.notDeepEqual(fingerprint(packed, c), fingerprint(packed, a));
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test('a list becomes a quicklist when its listpack would be too large, and a listpack again at half of that', () => {
  const world = keyspaceWith(4);
  const { space, arena } = world;
  const list = listOf(world, 'a', 'b', 'c', 'd');
  assert.equal(encodingOf(arena, list), ENC_LISTPACK);
  push(world, list, true, 'e');
  assert.equal(encodingOf(arena, list), ENC_QUICKLIST);
  assert.equal(nodeCounts(world, list), 2);
  lists.pop(space, list, true);
  lists.pop(space, list, true);
  lists.shrink(space, list);
  assert.equal(encodingOf(arena, list), ENC_QUICKLIST, 'three of four is more than half');
  lists.pop(space, list, false);
  lists.shrink(space, list);
  assert.equal(encodingOf(arena, list), ENC_LISTPACK);
  assert.deepEqual(elements(world, list), ['b', 'c']);
});

test('elements that are put in and taken out in the middle leave no more nodes than they need', () => {
  const world = keyspaceWith(-1);
  const list = listOf(world, ...Array.from({ length: 1000 }, (_, i) => `element:${i}`));
  const before = nodeCounts(world, list);
  for (let i = 0; i < 300; i++) {
    const pivot = `element:${i * 3}`;
    lists.insert(world.space, list, i % 2 === 0, bytes(pivot), 0, pivot.length, bytes('wedge'), 0, 5);
  }
  assert.ok(nodeCounts(world, list) <= before * 2, `${before} nodes became ${nodeCounts(world, list)}`);
  assert.equal(lists.remove(world.space, list, Infinity, false, bytes('wedge'), 0, 5), 300);
  listOps.verify(world.space, list);
});

test('an LSET that makes one element of a node huge gives it a node of its own', () => {
  const world = keyspaceWith(-1);
  const list = listOf(world, ...Array.from({ length: 600 }, (_, i) => `element:${i}`));
  const before = nodeCounts(world, list);
  const huge = 'h'.repeat(5000);
  lists.set(world.space, list, 10, bytes(huge), 0, huge.length);
  assert.equal(nodeCounts(world, list), before + 2);
  lists.set(world.space, list, 10, bytes('small'), 0, 5);
  const model = Array.from({ length: 600 }, (_, i) => (i === 10 ? 'small' : `element:${i}`));
  assert.deepEqual(elements(world, list), model);
  listOps.verify(world.space, list);
});

test('nodes of an RDB file become a list of the encoding that fits', () => {
  const source = keyspaceWith(-1);
  const values = Array.from({ length: 900 }, (_, i) => `value:${i}`);
  const list = listOf(source, ...values);
  for (const [size, encoding] of [
    [-1, ENC_QUICKLIST],
    [-5, ENC_QUICKLIST],
  ] as const) {
    const world = keyspaceWith(size);
    const loaded = world.keyspace.detached(TYPE_LIST, ENC_LISTPACK);
    const nodes = new lists.NodeIterator();
    let left = nodes.start(source.space, list);
    for (; nodes.next(); left--) lists.loadNode(world.space, loaded, source.arena.u8, nodes.off, nodes.len);
    assert.equal(left, 0);
    lists.loadElement(world.space, loaded, bytes('last'), 0, 4);
    lists.finishLoad(world.space, loaded);
    assert.equal(encodingOf(world.arena, loaded), encoding);
    assert.deepEqual(elements(world, loaded), [...values, 'last']);
    listOps.verify(world.space, loaded);
  }
  const world = keyspaceWith(-2);
  const loaded = world.keyspace.detached(TYPE_LIST, ENC_QUICKLIST);
  for (const value of values.slice(0, 100)) lists.loadElement(world.space, loaded, bytes(value), 0, value.length);
  lists.finishLoad(world.space, loaded);
  assert.equal(encodingOf(world.arena, loaded), ENC_LISTPACK);
  assert.deepEqual(elements(world, loaded), values.slice(0, 100));
  lists.finishLoad(world.space, loaded);
});

test('a single node of an RDB file is a listpack up to the limits, with whatever comes behind it', () => {
  const source = keyspaceWith(-5);
  const node = (...values: string[]): Uint8Array => {
    const list = listOf(source, ...values);
    assert.equal(encodingOf(source.arena, list), ENC_LISTPACK);
    const nodes = new lists.NodeIterator();
    nodes.start(source.space, list);
    assert.ok(nodes.next());
    return source.arena.u8.slice(nodes.off, nodes.off + nodes.len);
  };
  const values = Array.from({ length: 20 }, (_, i) => `value:${i}`);
  const many = Array.from({ length: 500 }, (_, i) => `value:${i}`);
  for (const [size, first, encoding] of [
    [-1, values, ENC_LISTPACK],
    [20, values, ENC_LISTPACK],
    [19, values, ENC_QUICKLIST],
    [-1, many, ENC_QUICKLIST],
    [-1, ['x'.repeat(5000)], ENC_QUICKLIST],
    [100, ['x'.repeat(9000)], ENC_QUICKLIST],
  ] as const) {
    for (const behind of [0, 1, 2]) {
      const world = keyspaceWith(size);
      const loaded = world.keyspace.detached(TYPE_LIST, ENC_LISTPACK);
      const bytesOfNode = node(...first);
      lists.loadNode(world.space, loaded, bytesOfNode, 0, bytesOfNode.length);
      const second = node('a', 'b');
      if (behind === 1) lists.loadNode(world.space, loaded, second, 0, second.length);
      if (behind === 2) lists.loadElement(world.space, loaded, bytes('z'), 0, 1);
      lists.finishLoad(world.space, loaded);
      assert.deepEqual(elements(world, loaded), [...first, ...[[], ['a', 'b'], ['z']][behind]]);
      if (behind === 0) assert.equal(encodingOf(world.arena, loaded), encoding);
      if (behind === 1) assert.equal(encodingOf(world.arena, loaded), ENC_QUICKLIST);
      listOps.verify(world.space, loaded);
      world.keyspace.dropDetached(loaded);
      assert.equal(world.arena.usedBytes, 0);
    }
  }
});

test('a list that nothing was loaded into is empty', () => {
  const world = keyspaceWith(-2);
  const loaded = world.keyspace.detached(TYPE_LIST, ENC_QUICKLIST);
  lists.loadNode(world.space, loaded, Uint8Array.of(7, 0, 0, 0, 0, 0, 255), 0, 7);
  lists.finishLoad(world.space, loaded);
  assert.equal(lists.length(world.space, loaded), 0);
  world.keyspace.dropDetached(loaded);
  assert.equal(world.arena.usedBytes, 0);
});

test('in a full arena an edit is done or refused as a whole, and nothing is lost or leaked', () => {
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(-1, 1, 64),
      fc.array(change, { minLength: 10, maxLength: 50 }),
      fc.nat(60),
      (size, changes, slack) => {
        const world = keyspaceWith(size, 1 << 20);
        const { arena, space, keyspace } = world;
        const model = Array.from({ length: 400 }, (_, i) => `element:${i}`);
        const list = listOf(world, ...model);
        // All but a few blocks are taken.
        const taken: Ref[] = [];
        for (const block of [65536, 4096, 512, 64, 16]) {
          try {
            for (;;) taken.push(arena.alloc(block));
          } catch (error) {
            assert.ok(error instanceof ArenaFullError);
          }
        }
        for (let i = 0; i < slack && taken.length > 0; i++) arena.free(taken.pop()!);
        for (const action of changes) {
          // Pushes of several elements stop in the middle: one at a time here.
          const single = 'values' in action ? { ...action, values: action.values.slice(0, 1) } : action;
          const before = model.slice();
          try {
            apply(world, list, model, single);
          } catch (error) {
            if (!(error instanceof ArenaFullError)) throw error;
            refused++;
            model.splice(0, model.length, ...before);
          }
          assert.deepEqual(elements(world, list), model);
          if (model.length > 0) listOps.verify(space, list);
        }
        arena.verify();
        for (const ref of taken) arena.free(ref);
        keyspace.dropDetached(list);
        assert.equal(arena.usedBytes, 0);
      },
    ),
    { seed: SEED, numRuns: 40 },
  );
  assert.ok(refused > 20, `only ${refused} edits met the full arena`);
});
