import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { RdbReader } from './reader.ts';
import { KEYS_AHEAD_MAX, KeyScout } from './scout.ts';
import { SilentSink, latin1, putEntry, writeFile } from './testing.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** Counts the keys that came as they were told ahead. */
class AheadSink extends SilentSink {
  told = 0;
  foretold = 0;
  /** That were told ahead and have not come yet. */
  #ahead: string[] = [];
  #places: Int32Array = new Int32Array(0);
  #copy = '';

  keysAhead(buf: Uint8Array, places: Int32Array, count: number): void {
    assert.ok(count <= KEYS_AHEAD_MAX);
    if (count > 0) assert.deepEqual(this.#ahead, [], 'told ahead, and others came');
    this.#places = places.subarray(0, 2 * count);
    this.#copy = this.#places.join();
    this.#ahead = Array.from({ length: count }, (_, i) => latin1(buf, places[2 * i], places[2 * i + 1]));
  }

  #key(keyBuf: Uint8Array, keyOff: number, keyLen: number): void {
    this.told++;
    assert.equal(this.#places.join(), this.#copy, 'places were overwritten without a word');
    if (this.#ahead.length === 0) return;
    assert.equal(latin1(keyBuf, keyOff, keyLen), this.#ahead.shift());
    this.foretold++;
  }

  override string(_db: number, keyBuf: Uint8Array, keyOff: number, keyLen: number): void {
    this.#key(keyBuf, keyOff, keyLen);
  }

  override beginValue(_object: number, _db: number, keyBuf: Uint8Array, keyOff: number, keyLen: number): void {
    this.#key(keyBuf, keyOff, keyLen);
  }
}

function read(file: Uint8Array, step = file.length): AheadSink {
  const sink = new AheadSink();
  const reader = new RdbReader(sink);
  for (let at = 0; at < file.length; at += step) reader.push(file.subarray(at, at + step));
  reader.end();
  return sink;
}

test('keys are told ahead in the order in which they come, whatever the values are and wherever the chunks are cut', () => {
  for (const name of ['strings', 'plain', 'lru', 'lfu', 'types', 'types-large', 'types-plain']) {
    const file = new Uint8Array(readFileSync(join(FIXTURES, `${name}.rdb`)));
    const whole = read(file);
    assert.ok(whole.foretold > 0 || whole.told === 1, `${name}: none of ${whole.told}`);
    for (const step of [1, 7, 64, 1000]) assert.equal(read(file, step).told, whole.told);
  }
});

test('of plain entries nearly every key is told ahead', () => {
  const file = writeFile((writer) => {
    const none = { db: 0, lruIdleSeconds: -1, lfuFreq: -1 };
    for (let i = 0; i < 1000; i++) {
      const expireAtMs = i % 3 === 0 ? 1_700_000_000_000 : -1;
      putEntry(writer, { ...none, key: `key:${i}`, value: 'v'.repeat(i % 100), expireAtMs });
    }
  });
  const { told, foretold } = read(file);
  assert.equal(told, 1000);
  assert.ok(foretold > 950, `${foretold}`);
});

test('bytes of any kind are looked at within their bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(199), fc.nat(199), (data, a, b) => {
      const stop = Math.min(Math.max(a, b) + 1, data.length);
      const pos = Math.min(a, b, stop - 1);
      const scout = new KeyScout();
      const count = scout.look(data, pos, stop);
      assert.ok(scout.end > pos);
      for (let i = 0; i < count; i++) {
        const [off, len] = [scout.places[2 * i]!, scout.places[2 * i + 1]!];
        assert.ok(off > pos && len >= 0 && off + len <= stop);
      }
    }),
    { numRuns: 2000 },
  );
});
