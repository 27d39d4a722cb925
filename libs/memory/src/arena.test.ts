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

test('block sizes round up by at most a quarter, and every size has room', () => {
  for (let bytes = 1; bytes < 40_000; bytes += bytes < 2000 ? 1 : 37) {
    const rounded = Arena.roundUp(bytes);
    assert.ok(rounded >= bytes);
    assert.equal(Arena.roundUp(rounded), rounded);
    if (bytes > 64 && bytes <= 16_384) assert.ok(rounded <= bytes * 1.25, `${bytes} takes ${rounded}`);
    if (bytes > 16_384) assert.ok(rounded - bytes < 4096);
  }
});

test('a block says how much fits into it, and counts with that', () => {
  const arena = new Arena({ reserveBytes: 8 * 1024 * 1024, debug: true });
  for (const bytes of [1, 16, 17, 200, 16_384, 16_385, 500_000]) {
    const before = arena.usedBytes;
    const ref = arena.alloc(bytes);
    assert.equal(arena.usableBytes(ref), Arena.roundUp(bytes));
    assert.equal(arena.usedBytes - before, Arena.roundUp(bytes));
  }
  assert.ok(arena.activeBytes >= arena.usedBytes);
  assert.ok(arena.activeBytes <= arena.committedBytes);
  assert.ok(arena.usedBytesPeak >= arena.usedBytes);
});

test('realloc in a full arena refuses and leaves the block as it was', () => {
  const arena = new Arena({ reserveBytes: 1024 * 1024, debug: true });
  const refs = [arena.alloc(100), arena.alloc(300_000), arena.alloc(300_000)];
  for (const ref of refs) arena.u8.fill(ref & 127, ref * 16, ref * 16 + 100);
  const { usedBytes } = arena;
  for (const ref of refs) assert.throws(() => arena.realloc(ref, 900_000, 100), ArenaFullError);
  assert.equal(arena.usedBytes, usedBytes);
  arena.verify();
  for (const ref of refs) {
    assert.ok(arena.u8.subarray(ref * 16, ref * 16 + 100).every((byte) => byte === (ref & 127)));
    arena.free(ref);
  }
  assert.equal(arena.usedBytes, 0);
});

test('a large block shrinks in place and grows into free pages behind it', () => {
  const arena = new Arena({ reserveBytes: 8 * 1024 * 1024, debug: true });
  const ref = arena.alloc(200_000);
  const behind = arena.alloc(100_000);
  arena.alloc(100_000);
  arena.u8.fill(9, ref * 16, ref * 16 + 50_000);
  assert.equal(arena.realloc(ref, 50_000, 50_000), ref);
  assert.equal(arena.realloc(ref, 150_000, 50_000), ref);
  arena.free(behind);
  assert.equal(arena.realloc(ref, 290_000, 50_000), ref);
  assert.notEqual(arena.realloc(ref, 400_000, 50_000), ref);
  arena.verify();
});

test('blocks at and above cleanRef are zero', () => {
  const arena = new Arena({ reserveBytes: 64 * 1024 * 1024 });
  const dirty = arena.alloc(1_000_000);
  const pin = arena.alloc(20_000);
  arena.u8.fill(1, dirty * 16, dirty * 16 + 1_000_000);
  arena.free(dirty);
  let clean = 0;
  for (let i = 0; i < 20; i++) {
    const { cleanRef } = arena;
    const ref = arena.alloc(400_000);
    if (ref < cleanRef) continue;
    clean++;
    assert.ok(arena.u8.subarray(ref * 16, ref * 16 + 400_000).every((byte) => byte === 0));
    arena.u8.fill(1, ref * 16, ref * 16 + 400_000);
  }
  assert.ok(clean > 10);
  arena.free(pin);
});

test('reset gives every block and the memory back at once, and the arena serves on', () => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 60 }), fc.array(step, { maxLength: 40 }), (sizes, steps) => {
      const arena = new Arena({ reserveBytes: 64 * 1024 * 1024, debug: true });
      for (let round = 0; round < 3; round++) {
        const refs = sizes.map((bytes) => {
          const ref = round === 1 ? arena.allocZeroed(bytes) : arena.alloc(bytes);
          if (round === 1) assert.ok(arena.u8.subarray(ref * 16, ref * 16 + bytes).every((byte) => byte === 0));
          arena.u8.fill(7, ref * 16, ref * 16 + bytes);
          return ref;
        });
        for (const [, , pick] of steps) if (refs.length > 0) arena.free(refs.splice(pick % refs.length, 1)[0]);
        arena.verify();
        arena.reset();
        arena.verify();
        assert.equal(arena.usedBytes, 0);
        assert.equal(arena.blocks, 0);
        assert.equal(arena.activeBytes, 0);
      }
    }),
    { numRuns: 40 },
  );
  const arena = new Arena({ reserveBytes: 128 * 1024 * 1024 });
  arena.alloc(60_000_000);
  arena.reset();
  assert.ok(arena.committedBytes < 16 * 1024 * 1024);
});

test('many free runs that are a little too short neither stop an allocation nor fill the arena', () => {
  const arena = new Arena({ reserveBytes: 16 * 1024 * 1024, debug: true });
  const pins: number[] = [];
  const holes: number[] = [];
  for (let i = 0; i < 100; i++) {
    // Five pages each but for one of seven, which is freed first and so stands behind all others of its bin.
    holes.push(arena.alloc(i === 50 ? 7 * 4096 : 5 * 4096));
    pins.push(arena.alloc(20_000));
  }
  const fit = holes[50];
  arena.free(fit);
  for (const ref of holes) if (ref !== fit) arena.free(ref);
  // Not found among the first few: taken from the top …
  const first = arena.alloc(7 * 4096);
  assert.notEqual(first, fit);
  // … until there is none left; then it is found.
  const rest: number[] = [];
  assert.throws(() => {
    for (;;) rest.push(arena.alloc(7 * 4096));
  }, ArenaFullError);
  assert.ok(rest.includes(fit));
  arena.verify();
  for (const ref of [...pins, ...rest, first]) arena.free(ref);
  assert.equal(arena.usedBytes, 0);
});

test('a full arena asks for what can be given back, as long as that helps, and refuses only then', () => {
  const arena = new Arena({ reserveBytes: 1024 * 1024, debug: true });
  const spare: number[] = [];
  let asked = 0;
  arena.onFull = () => {
    asked++;
    const ref = spare.pop();
    if (ref === undefined) return false;
    arena.free(ref);
    return true;
  };
  for (;;) {
    try {
      spare.push(arena.alloc(1000));
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      break;
    }
    if (asked > 0) break;
  }
  // One that was given back was enough for a block of the class.
  assert.equal(asked, 1);
  const blocks = spare.length;
  arena.alloc(1000);
  arena.alloc(100_000);
  assert.ok(spare.length < blocks - 100 && spare.length > 0);
  arena.verify();
  assert.throws(() => arena.alloc(2_000_000), ArenaFullError);
  assert.equal(spare.length, 0);
  arena.verify();
});

test('who is told of memory that the system could have back gives it in steps', () => {
  const arena = new Arena({ reserveBytes: 128 * 1024 * 1024 });
  let told = 0;
  arena.onShrink = () => told++;
  const ref = arena.alloc(50_000_000);
  arena.u8.fill(1, ref * 16, ref * 16 + 50_000_000);
  arena.free(ref);
  arena.free(arena.alloc(50_000_000));
  assert.equal(told, 1);
  let steps = 0;
  for (let had = arena.committedBytes; arena.shrinkStep(); had = arena.committedBytes) {
    assert.ok(had - arena.committedBytes <= 1024 * 1024);
    steps++;
  }
  assert.ok(steps > 50);
  assert.ok(arena.committedBytes < 2 * 1024 * 1024);
  const again = arena.allocZeroed(50_000_000);
  assert.equal(arena.u8.subarray(again * 16, again * 16 + 50_000_000).indexOf(1), -1);
  // What is needed again meanwhile is not taken away.
  arena.free(again);
  assert.equal(told, 2);
  const kept = arena.allocZeroed(40_000_000);
  while (arena.shrinkStep());
  assert.ok(arena.committedBytes >= 40_000_000);
  arena.free(kept);
  assert.equal(told, 3);
});

test('what a load took beyond the limit stays, and while limited its holes are handed out only below the limit', () => {
  const limitBytes = 2 * 1024 * 1024;
  const arena = new Arena({ reserveBytes: 64 * 1024 * 1024, limitBytes, debug: true });
  const refs: number[] = [];
  while (arena.activeBytes < 2 * limitBytes) refs.push(arena.alloc(20_000));
  arena.limited = true;
  assert.throws(() => arena.alloc(20_000), ArenaFullError);
  assert.throws(() => arena.realloc(refs.at(-1)!, 40_000, 20_000), ArenaFullError, 'at the top');
  // Every other block goes: there are holes, and a little less than the limit is in use.
  for (let i = 0; i < refs.length; i += 2) arena.free(refs[i]);
  assert.ok(arena.activeBytes <= limitBytes + 20_480);
  const more: number[] = [];
  assert.throws(() => {
    for (;;) more.push(arena.alloc(20_000));
  }, ArenaFullError);
  assert.ok(arena.activeBytes <= limitBytes + 20_480, `${arena.activeBytes} bytes are in use`);
  assert.throws(() => arena.realloc(refs[1], 40_000, 20_000), ArenaFullError, 'into the hole behind it');
  arena.free(refs[1]);
  more.push(arena.alloc(20_000));
  arena.limited = false;
  more.push(arena.alloc(limitBytes));
  arena.verify();
});

test('a limited arena that was never loaded holds as much as one of that size', () => {
  const fill = (arena: Arena): number => {
    arena.limited = true;
    let blocks = 0;
    assert.throws(() => {
      for (let bytes = 16; ; bytes = (bytes * 7 + 5) % 50_000, blocks++) arena.alloc(bytes);
    }, ArenaFullError);
    assert.ok(arena.committedBytes <= 4 * 1024 * 1024);
    return blocks;
  };
  const limitBytes = 4 * 1024 * 1024;
  assert.equal(fill(new Arena({ limitBytes })), fill(new Arena({ reserveBytes: limitBytes })));
});
