import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyIn } from './entry.ts';

test('bytes are copied to and from any place, above four gigabytes, too, and within one buffer', () => {
  const arena = new Uint8Array(5 * 1024 ** 3); // of which pages that nobody writes do not exist
  const source = Uint8Array.from({ length: 3000 }, (_, i) => i * 7);
  for (const length of [0, 1, 24, 25, 200, 2900]) {
    for (const at of [100, 2 ** 31 - 7, 2 ** 32 - 3, 2 ** 32 + 4096 + 5]) {
      arena.fill(1, at - 8, at + length + 8);
      copyIn(arena, at, source, 50, length);
      assert.deepEqual(arena.slice(at, at + length), source.slice(50, 50 + length));
      assert.deepEqual([...arena.slice(at - 8, at)], Array(8).fill(1));
      assert.deepEqual([...arena.slice(at + length, at + length + 8)], Array(8).fill(1));
      copyIn(arena, 2 ** 32 + 20_000, arena, at, length);
      assert.deepEqual(arena.slice(2 ** 32 + 20_000, 2 ** 32 + 20_000 + length), source.slice(50, 50 + length));
    }
  }
});
