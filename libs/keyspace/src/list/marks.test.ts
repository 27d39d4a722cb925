import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '@weir/memory';
import type { Ref } from '@weir/memory';
import fc from 'fast-check';
import { ENC_LISTPACK, TYPE_LIST } from '../entry.ts';
import { Keyspace } from '../keyspace.ts';
import { Element } from '../listpack/index.ts';
import { DEFAULT_LIMITS, rootOf } from '../space.ts';
import * as layout from './layout.ts';
import * as lists from './index.ts';
import * as quicklist from './quicklist.ts';

const SEED = 20261123;
const element = new Element();
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Lists with two elements a node, so that few elements are many nodes. */
function world() {
  const arena = new Arena({ debug: true, reserveBytes: 1 << 26 });
  const limits = { ...DEFAULT_LIMITS, listMaxListpackSize: 2 };
  const keyspace = new Keyspace({ arena, databases: 1, seed: { k0: 1, k1: 2 }, randomSeed: 1, limits });
  return { arena, keyspace, space: keyspace.space };
}

type World = ReturnType<typeof world>;

function push({ space }: World, list: Ref, atTail: boolean, value: string): void {
  lists.grow(space, list, value.length, 1);
  lists.push(space, list, atTail, bytes(value), 0, value.length);
}

function listOf(w: World, values: readonly string[]): Ref {
  const list = w.keyspace.detached(TYPE_LIST, ENC_LISTPACK);
  for (const value of values) push(w, list, true, value);
  return list;
}

function at({ space }: World, list: Ref, index: number): string {
  assert.ok(lists.index(space, list, index, element));
  return Buffer.from(element.copy()).toString();
}

const hasMarks = ({ arena }: World, list: Ref): boolean => layout.marksOf(arena, rootOf(arena, list)) > 1;
const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => `e${i}`);

test('a list gets marks by the second far walk, keeps them while its ends change, and forgets them when its middle does', () => {
  const w = world();
  const list = listOf(w, numbers(1000));
  at(w, list, 500);
  assert.ok(!hasMarks(w, list));
  at(w, list, 5);
  assert.ok(!hasMarks(w, list));
  at(w, list, 500);
  assert.ok(hasMarks(w, list));
  for (let i = 0; i < 10; i++) {
    push(w, list, false, `h${i}`);
    push(w, list, true, `t${i}`);
    assert.equal(at(w, list, 511 + i), `e${510}`);
  }
  lists.pop(w.space, list, false);
  assert.equal(at(w, list, 509), 'e500');
  lists.set(w.space, list, 400, bytes('other'), 0, 5);
  assert.ok(hasMarks(w, list));
  assert.ok(lists.insert(w.space, list, true, bytes('e500'), 0, 4, bytes('new'), 0, 3));
  assert.ok(!hasMarks(w, list));
  assert.equal(at(w, list, 510), 'new');
  w.keyspace.dropDetached(list);
});

test('marks are made again when the list has grown far beyond them', () => {
  const w = world();
  const list = listOf(w, numbers(400));
  at(w, list, 200);
  at(w, list, 200);
  const before = layout.marksOf(w.arena, rootOf(w.arena, list));
  for (let i = 0; i < 1000; i++) push(w, list, false, `h${i}`);
  assert.equal(at(w, list, 500), 'h499');
  assert.notEqual(layout.marksOf(w.arena, rootOf(w.arena, list)), before);
  assert.equal(at(w, list, 1200), 'e200');
  w.keyspace.dropDetached(list);
});

test('no mark outlives its node, whose memory becomes another one', () => {
  for (const atTail of [false, true]) {
    const w = world();
    const model = numbers(1000);
    const list = listOf(w, model);
    at(w, list, 500);
    at(w, list, 500);
    for (let i = 0; i < 300; i++) lists.pop(w.space, list, atTail);
    model.splice(atTail ? 700 : 0, 300);
    for (let i = 0; i < 300; i++) push(w, list, atTail, `n${i}`);
    const added = Array.from({ length: 300 }, (_, i) => `n${i}`);
    if (atTail) model.push(...added);
    else model.unshift(...added.reverse());
    for (let i = 0; i < 1000; i++) assert.equal(at(w, list, i), model[i]);
    w.keyspace.dropDetached(list);
  }
});

test('more lists than may have marks, asked in turn, answer from their own', () => {
  const w = world();
  const all = Array.from({ length: 20 }, (_, k) =>
    listOf(
      w,
      numbers(300).map((e) => `${k}:${e}`),
    ),
  );
  for (let round = 0; round < 4; round++) {
    for (const [k, list] of all.entries()) for (const i of [80, 150, 220]) assert.equal(at(w, list, i), `${k}:e${i}`);
  }
  for (const list of all) w.keyspace.dropDetached(list);
});

const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), at: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      tail: fc.boolean(),
      n: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pop' as const), tail: fc.boolean(), n: fc.integer({ min: 1, max: 20 }) }),
  },
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), after: fc.boolean() }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), n: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), long: fc.boolean() }),
  fc.record({ kind: fc.constant('rotate' as const), tail: fc.boolean() }),
);

test('whatever changes between them, reads of the middle find the elements, and no mark names another node', () => {
  let marked = 0;
  const property = fc.property(fc.array(change, { minLength: 10, maxLength: 60 }), (changes) => {
    const w = world();
    const model = numbers(300);
    const list = listOf(w, model);
    let next = 0;
    for (const change of changes) {
      const i = 'at' in change ? change.at % model.length : 0;
      if (change.kind === 'read') {
        assert.equal(at(w, list, i), model[i]);
        assert.equal(at(w, list, i - model.length), model[i]);
      } else if (change.kind === 'push') {
        for (let k = 0; k < change.n; k++) {
          const value = `p${next++}`;
          push(w, list, change.tail, value);
          if (change.tail) model.push(value);
          else model.unshift(value);
        }
      } else if (change.kind === 'pop') {
        for (let k = 0; k < change.n && model.length > 150; k++) {
          lists.pop(w.space, list, change.tail);
          if (change.tail) model.pop();
          else model.shift();
        }
      } else if (change.kind === 'insert') {
        const pivot = model[i];
        const value = `i${next++}`;
        lists.insert(w.space, list, change.after, bytes(pivot), 0, pivot.length, bytes(value), 0, value.length);
        model.splice(model.indexOf(pivot) + (change.after ? 1 : 0), 0, value);
      } else if (change.kind === 'remove') {
        lists.removeRange(w.space, list, i, change.n);
        model.splice(i, change.n);
        if (model.length < 150) for (let k = 0; k < 100; k++) push(w, list, true, (model[model.length] = `r${next++}`));
      } else if (change.kind === 'set') {
        const value = change.long ? `${next++}`.padEnd(9000, 'x') : `s${next++}`;
        lists.set(w.space, list, i, bytes(value), 0, value.length);
        model[i] = value;
      } else {
        lists.rotate(w.space, list, change.tail, !change.tail);
        if (change.tail) model.unshift(model.pop()!);
        else model.push(model.shift()!);
      }
      if (hasMarks(w, list)) marked++;
      quicklist.verify(w.arena, rootOf(w.arena, list));
    }
    for (let i = 0; i < model.length; i += 7) assert.equal(at(w, list, i), model[i]);
    w.keyspace.dropDetached(list);
  });
  fc.assert(property, { numRuns: 60, seed: SEED });
  assert.ok(marked > 100, `the list had marks after ${marked} changes only`);
});
