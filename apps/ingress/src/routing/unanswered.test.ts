import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand } from '@weir/resp';
import { UNANSWERED_BYTES_MAX, Unanswered } from './unanswered.ts';

function texts(unanswered: Unanswered): string[] {
  const all: string[] = [];
  unanswered.each((request) => all.push(request.latin1(1)));
  return all;
}

function add(unanswered: Unanswered, ...names: string[]): void {
  const bytes = Buffer.concat(names.map((name) => encodeCommand(['GET', name])));
  const padded = Buffer.concat([Buffer.from('###'), bytes, Buffer.from('#')]);
  unanswered.add(padded, 3, 3 + bytes.length, names.length);
  padded.fill(0xdd);
}

test('what is not answered is at hand in its order, however much was answered before it', () => {
  const unanswered = new Unanswered();
  add(unanswered, 'a', 'b');
  add(unanswered, 'c');
  assert.deepEqual(texts(unanswered), ['a', 'b', 'c']);
  unanswered.answered(2);
  assert.deepEqual(texts(unanswered), ['c']);
  // A connection that always has something outstanding keeps no more than that.
  for (let i = 0; i < 10_000; i++) {
    add(unanswered, `n${i}`);
    unanswered.answered(1);
  }
  assert.deepEqual(texts(unanswered), ['n9999']);
  assert.equal(unanswered.isWhole, true);
  unanswered.answered(1);
  assert.deepEqual(texts(unanswered), []);
});

test('requests beyond the bound are not kept, which is known, until nothing is outstanding', () => {
  const unanswered = new Unanswered();
  add(unanswered, 'a', 'x'.repeat(UNANSWERED_BYTES_MAX));
  assert.equal(unanswered.isWhole, false);
  add(unanswered, 'b');
  unanswered.answered(1);
  assert.deepEqual(texts(unanswered), []);
  unanswered.clear();
  add(unanswered, 'c');
  assert.equal(unanswered.isWhole, true);
  assert.deepEqual(texts(unanswered), ['c']);
  unanswered.clear();
});

test('connections do not share what they keep', () => {
  const some = Array.from({ length: 50 }, () => new Unanswered());
  for (let round = 0; round < 3; round++) {
    some.forEach((one, i) => add(one, `${round}.${i}`));
    some.forEach((one, i) => assert.deepEqual(texts(one), [`${round}.${i}`]));
    some.forEach((one) => one.answered(1));
  }
});
