import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crc64 } from './crc64.ts';
import { bytes } from './testing.ts';

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

function bitByBit(data: Uint8Array): string {
  let crc = 0n;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let i = 0; i < 8; i++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
  }
  return crc.toString(16).padStart(16, '0');
}

test('the check value of 123456789 is that of Redis', () => {
  const crc = new Crc64();
  crc.update(bytes('123456789'), 0, 9);
  assert.equal(crc.hex(), 'e9c6d914c4b8d9ca');
});

test('any bytes, in any two pieces, have the checksum of the bit-by-bit definition', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700, size: 'max' }), fc.nat(700), fc.nat(20), (data, cut, gap) => {
      const at = Math.min(cut, data.length);
      const buf = new Uint8Array(gap + data.length + 3).fill(0x77);
      buf.set(data, gap);
      const crc = new Crc64();
      crc.update(buf, gap, at);
      crc.update(buf, gap + at, data.length - at);
      assert.equal(crc.hex(), bitByBit(data));
    }),
  );
});

test('the stored form is little endian and recognised again, and no other is', () => {
  const crc = new Crc64();
  crc.update(bytes('123456789'), 0, 9);
  const stored = new Uint8Array(10);
  crc.writeTo(stored, 1);
  assert.deepEqual([...stored], [0, 0xca, 0xd9, 0xb8, 0xc4, 0x14, 0xd9, 0xc6, 0xe9, 0]);
  assert.ok(crc.equals(stored, 1));
  for (let i = 1; i <= 8; i++) {
    stored[i] ^= 1;
    assert.ok(!crc.equals(stored, 1), `byte ${i}`);
    stored[i] ^= 1;
  }
  crc.reset();
  assert.equal(crc.hex(), '0000000000000000');
});
