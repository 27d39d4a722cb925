import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena, ArenaFullError } from './arena.ts';

/** A random walk of alloc, free and realloc against a Map, each block's bytes known. */
function walk(steps: readonly (readonly [number, number, number])[]): void {
  const arena = new Arena({ reserveBytes: 64 * 1024 * 1024, debug: true });
  const blocks: { ref: number; bytes: number; tag: number }[] = [];
  const fill = (block: { ref: number; bytes: number; tag: number }) =>
    arena.u8.fill(block.tag, block.ref * 16, block.ref * 16 + block.bytes);
  const check = (block: { ref: number; bytes: number; tag: number }, bytes: number) => {
    for (const at of [0, bytes >> 1, bytes - 1]) assert.equal(arena.u8[block.ref * 16 + at], block.tag);
  };
  for (const [action, size, pick] of steps) {
    const at = blocks.length === 0 ? -1 : pick % blocks.length;
    if (action < 5 || at < 0) {
      const ref = action === 0 ? arena.allocZeroed(size) : arena.alloc(size);
      if (action === 0) assert.ok(arena.u8.subarray(ref * 16, ref * 16 + size).every((byte) => byte === 0));
      const block = { ref, bytes: size, tag: (pick % 200) + 1 };
      assert.ok(arena.usableBytes(ref) >= size);
      fill(block);
      blocks.push(block);
    } else if (action < 8) {
      const [block] = blocks.splice(at, 1);
      check(block, block.bytes);
      arena.free(block.ref);
    } else {
      const block = blocks[at];
      const keep = Math.min(block.bytes, size);
      block.ref = arena.realloc(block.ref, size, block.bytes);
      check(block, keep);
      block.bytes = size;
      fill(block);
    }
  }
  arena.verify();
  for (const block of blocks) check(block, block.bytes);
  for (const block of blocks) arena.free(block.ref);
  arena.verify();
  assert.equal(arena.usedBytes, 0);
  assert.equal(arena.blocks, 0);
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 20000 }),
  fc.integer({ min: 16000, max: 600000 }),
);
const step = fc.tuple(fc.integer({ min: 0, max: 9 }), size, fc.nat());

test('random sequences of alloc, free and realloc keep every block intact, apart, and exactly counted', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), walk), { numRuns: 150 });
});

test('memory freed in one size class serves another', () => {
  const arena = new Arena({ reserveBytes: 8 * 1024 * 1024 });
  for (const bytes of [16, 48, 112, 1000, 9000, 100000]) {
    const refs: number[] = [];
    for (let total = 0; total < 6 * 1024 * 1024; total += Math.max(bytes, 16)) refs.push(arena.alloc(bytes));
    for (const ref of refs) arena.free(ref);
    assert.equal(arena.usedBytes, 0);
  }
});

test('a full arena refuses with ArenaFullError and works on once memory is free', () => {
  const arena = new Arena({ reserveBytes: 2 * 1024 * 1024, debug: true });
  const refs: number[] = [];
  assert.throws(() => {
    for (;;) refs.push(arena.alloc(10000));
  }, ArenaFullError);
  arena.verify();
  arena.free(refs.pop()!);
  refs.push(arena.alloc(10000));
  for (const ref of refs) arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test('a large block grows in place at the end of the arena', () => {
  const arena = new Arena({ reserveBytes: 64 * 1024 * 1024 });
  const ref = arena.alloc(100_000);
  arena.u8[ref * 16 + 99_999] = 7;
  assert.equal(arena.realloc(ref, 10_000_000, 100_000), ref);
  assert.equal(arena.u8[ref * 16 + 99_999], 7);
});

test('memory at the end of the arena goes back to the system, and comes back zeroed', () => {
  const arena = new Arena({ reserveBytes: 256 * 1024 * 1024 });
  const ref = arena.alloc(100_000_000);
  arena.u8.fill(1, ref * 16, ref * 16 + 100_000_000);
  arena.free(ref);
  assert.ok(arena.committedBytes < 16 * 1024 * 1024);
  const again = arena.allocZeroed(100_000_000);
  assert.ok(arena.u8.subarray(again * 16, again * 16 + 100_000_000).every((byte) => byte === 0));
});

test('debug mode refuses double frees, foreign refs and writes after free', () => {
  const arena = new Arena({ reserveBytes: 4 * 1024 * 1024, debug: true });
  const ref = arena.alloc(64);
  const other = arena.alloc(64);
  arena.free(ref);
  assert.throws(() => arena.free(ref), /not allocated/);
  assert.throws(() => arena.free(other + 1), /not allocated/);
  arena.u8[ref * 16 + 40] = 1;
  assert.throws(() => arena.alloc(64), /written after it was freed/);
});
