import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashPair } from './hash-pair.ts';
import { hashBytes } from './hash.ts';
import { LongHash } from './long-hash.ts';

/** HalfSipHash as its description reads, with any numbers of rounds. */
function halfSipHash(compressions: number, finalizations: number, k0: number, k1: number, message: Uint8Array): number {
  const v = [k0 >>> 0, k1 >>> 0, (0x6c796765 ^ k0) >>> 0, (0x74656462 ^ k1) >>> 0];
  const rotl = (x: number, by: number): number => ((x << by) | (x >>> (32 - by))) >>> 0;
  const add = (x: number, y: number): number => (x + y) % 2 ** 32;
  const round = (): void => {
    v[0] = add(v[0], v[1]);
    v[1] = rotl(v[1], 5);
    v[1] = (v[1] ^ v[0]) >>> 0;
    v[0] = rotl(v[0], 16);
    v[2] = add(v[2], v[3]);
    v[3] = rotl(v[3], 8);
    v[3] = (v[3] ^ v[2]) >>> 0;
    v[0] = add(v[0], v[3]);
    v[3] = rotl(v[3], 7);
    v[3] = (v[3] ^ v[0]) >>> 0;
    v[2] = add(v[2], v[1]);
    v[1] = rotl(v[1], 13);
    v[1] = (v[1] ^ v[2]) >>> 0;
    v[2] = rotl(v[2], 16);
  };
  // Whole words, little-endian; the last one is what is left, with the message's length (mod 256) on top.
  const padded = Buffer.alloc(Math.floor(message.length / 4) * 4 + 4);
  padded.set(message);
  padded[padded.length - 1] = message.length & 255;
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readUInt32LE(at);
    v[3] = (v[3] ^ word) >>> 0;
    for (let i = 0; i < compressions; i++) round();
    v[0] = (v[0] ^ word) >>> 0;
  }
  v[2] = (v[2] ^ 0xff) >>> 0;
  for (let i = 0; i < finalizations; i++) round();
  return (v[1] ^ v[3]) | 0;
}

const K0 = 0x03020100;
const K1 = 0x07060504;

test('the reference in this test gives the published vectors of HalfSipHash-2-4', () => {
  const vectors = ['a9359f5b', '27475ab8', 'fa62a603'];
  vectors.forEach((hex, len) => {
    const hash = Buffer.alloc(4);
    hash.writeInt32LE(
      halfSipHash(
        2,
        4,
        K0,
        K1,
        Uint8Array.from({ length: len }, (_, i) => i),
      ),
    );
    assert.equal(hash.toString('hex'), hex);
  });
});

test('hashBytes is HalfSipHash-1-3, for every length of the tail and beyond 255 bytes', () => {
  const bytes = Uint8Array.from({ length: 600 }, (_, i) => (i * 151 + 7) & 255);
  for (let len = 0; len < 590; len++) {
    const off = len % 9;
    assert.equal(
      hashBytes(bytes, off, len, K0, K1),
      halfSipHash(1, 3, K0, K1, bytes.subarray(off, off + len)),
      `${len} bytes`,
    );
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer(), fc.integer(), (message, k0, k1) => {
      assert.equal(hashBytes(message, 0, message.length, k0, k1), halfSipHash(1, 3, k0, k1, message));
    }),
  );
});

test('a pair of hashes is two times the one, for every length and place, up to the last byte of the memory', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 151 + 7) & 255);
  const words = new Int32Array(bytes.buffer);
  const pair = new Int32Array(2);
  for (let from = 0; from <= 64; from++) {
    for (let len = 0; from + len <= 64; len++) {
      hashPair(words, from, len, K0, K1, K1, K0 ^ len, pair);
      const two = [hashBytes(bytes, from, len, K0, K1), hashBytes(bytes, from, len, K1, K0 ^ len)];
      assert.deepEqual([...pair], two, `${len} bytes at ${from}`);
    }
  }
});

test('a hash taken in parts is that of the whole, wherever it is divided', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 151 + 7) & 255);
  const hash = new LongHash();
  for (let len = 0; len < 290; len++) {
    const words = len & ~3;
    for (let cut = 0; cut <= words; cut += 4) {
      hash.begin(K0, K1);
      hash.part(bytes, 5, cut);
      hash.part(bytes, 5 + cut, words - cut);
      assert.equal(hash.end(bytes, 5 + words, len - words), hashBytes(bytes, 5, len, K0, K1), `${len} bytes at ${cut}`);
    }
  }
});

test('every bit of key and seed flips about half of the bits of the hash', () => {
  const flips = (change: (key: Uint8Array, seed: [number, number], i: number) => void): number => {
    let bits = 0;
    for (let i = 0; i < 2000; i++) {
      const key = new Uint8Array(Buffer.from(`user:${i}:name`));
      const seed: [number, number] = [K0 + i * 7919, K1];
      const before = hashBytes(key, 0, key.length, seed[0], seed[1]);
      change(key, seed, i);
      let differ = (hashBytes(key, 0, key.length, seed[0], seed[1]) ^ before) >>> 0;
      for (; differ !== 0; differ &= differ - 1) bits++;
    }
    return bits / 2000;
  };
  for (const mean of [
    flips((key, _, i) => (key[i % key.length] ^= 1 << (i % 8))),
    flips((_, seed, i) => (seed[0] ^= 1 << (i % 32))),
    flips((_, seed, i) => (seed[1] ^= 1 << (i % 32))),
  ]) {
    assert.ok(mean > 15 && mean < 17, `${mean} of 32`);
  }
});

test('consecutive keys spread evenly over buckets and fingerprints', () => {
  for (const shift of [0, 24]) {
    const counts = new Int32Array(256);
    for (let i = 0; i < 25_600; i++) {
      const key = Buffer.from(`key:${i}`);
      counts[(hashBytes(key, 0, key.length, K0, K1) >>> shift) & 255]++;
    }
    // 100 expected of each, standard deviation 10.
    for (const count of counts) assert.ok(count > 50 && count < 150, `${count}`);
  }
});
