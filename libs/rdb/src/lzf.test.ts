import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LzfCompressor, lzfDecompress } from './lzf.ts';
import { bytes, latin1 } from './testing.ts';

/** Bytes with repetitions near and far, so that every kind of copy occurs. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 400 })).map(([unit, times]) => {
        const out = new Uint8Array(unit.length * times);
        for (let i = 0; i < out.length; i++) out[i] = unit[i % unit.length];
        return out;
      }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .chain((parts) => fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 20 }))
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

function roundTrip(lzf: LzfCompressor, data: Uint8Array): boolean {
  const room = data.length + Math.ceil(data.length / 32) + 8;
  const compressed = new Uint8Array(room + 8).fill(0xee);
  const length = lzf.compress(data, 0, data.length, compressed, 4, room);
  assert.ok(length > 0 && length <= room);
  assert.ok(
    compressed.subarray(4 + length).every((byte) => byte === 0xee),
    'wrote behind its output',
  );
  const back = new Uint8Array(data.length + 8).fill(0xdd);
  assert.ok(lzfDecompress(compressed, 4, length, back, 4, data.length));
  assert.deepEqual(back.subarray(4, 4 + data.length), data);
  assert.ok(
    back.subarray(4 + data.length).every((byte) => byte === 0xdd),
    'wrote behind the claimed length',
  );
  for (const claim of [data.length - 1, data.length + 1]) {
    assert.ok(!lzfDecompress(compressed, 4, length, back, 0, claim), 'a wrong length was accepted');
  }
  return length < data.length;
}

test('any bytes come back after compression, with one compressor for all, and a wrong length is refused', () => {
  const lzf = new LzfCompressor();
  fc.assert(fc.property(compressible, (data) => void roundTrip(lzf, data)));
});

test('repetitions across the longest distance and the longest copy come back', () => {
  const lzf = new LzfCompressor();
  for (const distance of [1, 2, 3, 8190, 8191, 8192, 8193, 8194]) {
    for (const copy of [3, 8, 9, 10, 263, 264, 265, 266, 529]) {
      const data = new Uint8Array(distance + copy);
      let seed = 7;
      for (let i = 0; i < distance; i++) data[i] = (seed = (Math.imul(seed, 1103515245) + 12345) | 0) >>> 16;
      for (let i = distance; i < data.length; i++) data[i] = data[i - distance];
      roundTrip(lzf, data);
    }
  }
});

test('text that repeats becomes smaller', () => {
  assert.ok(roundTrip(new LzfCompressor(), bytes('to be or not to be, '.repeat(10))));
});

test('nothing is compressed into less room than it needs', () => {
  const lzf = new LzfCompressor();
  const data = bytes('abcdefgh'.repeat(4) + 'xyz');
  const room = new Uint8Array(64);
  const length = lzf.compress(data, 0, data.length, room, 0, 64);
  for (let less = 0; less < length; less++) {
    const small = new Uint8Array(64).fill(0xee);
    assert.equal(lzf.compress(data, 0, data.length, small, 0, less), 0);
    assert.ok(small.subarray(less).every((byte) => byte === 0xee));
  }
});

test('the documented format is read: literals, short, long and overlapping copies', () => {
  const cases: [number[], string][] = [
    [[2, 0x61, 0x62, 0x63], 'abc'],
    [[2, 0x61, 0x62, 0x63, 0x20, 2], 'abcabc'],
    [[0, 0x61, 0xe0, 1, 0], 'a'.repeat(11)],
    [[1, 0x61, 0x62, 0x40, 1], 'abababab'.slice(0, 6)],
  ];
  for (const [input, text] of cases) {
    const out = new Uint8Array(text.length);
    assert.ok(lzfDecompress(new Uint8Array(input), 0, input.length, out, 0, out.length), text);
    assert.equal(latin1(out), text);
  }
});

test('arbitrary bytes are read or refused, never outside of the two ranges', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(60), (input, claim) => {
      const src = new Uint8Array(input.length + 10).fill(0x1f);
      src.set(input, 5);
      const dst = new Uint8Array(claim + 10).fill(0xee);
      if (lzfDecompress(src, 5, input.length, dst, 5, claim)) accepted++;
      assert.ok(dst.subarray(0, 5).every((byte) => byte === 0xee));
      assert.ok(dst.subarray(5 + claim).every((byte) => byte === 0xee));
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 0);
});
