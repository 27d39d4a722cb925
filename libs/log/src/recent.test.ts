import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMessages } from './recent.ts';

const message = (seq: number, length: number): Uint8Array => new Uint8Array(length).fill(seq % 251);

test('the newest messages come back byte for byte, as many as fit', () => {
  for (const length of [1, 7, 100, 333]) {
    const recent = new RecentMessages(1000);
    for (let seq = 5; seq < 400; seq++) {
      recent.push(seq, message(seq, length));
      assert.equal(recent.lastSeq, seq);
      for (let s = recent.firstSeq; s <= seq; s++) assert.deepEqual(recent.message(s), message(s, length));
      assert.equal(recent.message(recent.firstSeq - 1), null);
      const fit = Math.floor(1000 / length);
      assert.ok(seq - recent.firstSeq + 1 >= Math.min(seq - 4, Math.max(1, fit - 1)), 'nothing is forgotten early');
    }
  }
});

test('messages of mixed length never overlap', () => {
  const recent = new RecentMessages(500);
  for (let seq = 1; seq < 2000; seq++) {
    recent.push(seq, message(seq, 1 + ((seq * 7919) % 250)));
    for (let s = recent.firstSeq; s <= seq; s++)
      assert.deepEqual(recent.message(s), message(s, 1 + ((s * 7919) % 250)), `${s} at ${seq}`);
  }
});

test('one that does not follow begins anew, one larger than the ring empties it, and what is cut is gone', () => {
  const recent = new RecentMessages(100);
  recent.push(1, message(1, 10));
  recent.push(2, message(2, 10));
  recent.push(9, message(9, 10));
  assert.deepEqual([recent.firstSeq, recent.lastSeq, recent.message(2)], [9, 9, null]);
  recent.push(10, message(10, 101));
  assert.deepEqual([recent.firstSeq, recent.lastSeq, recent.message(10)], [11, 10, null]);
  recent.push(11, message(11, 10));
  recent.push(12, message(12, 10));
  recent.cut(12);
  assert.deepEqual([recent.firstSeq, recent.lastSeq, recent.message(12)], [11, 11, null]);
  recent.push(12, message(77, 10));
  assert.deepEqual(recent.message(12), message(77, 10));
  recent.cut(1);
  assert.ok(recent.lastSeq < recent.firstSeq);
});
