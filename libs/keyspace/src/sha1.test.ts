import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SHA1_BYTES, sha1 } from './sha1.ts';

test('SHA-1 of every length up to 300 bytes is what OpenSSL computes', () => {
  const out = new Uint8Array(SHA1_BYTES + 3);
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length: length + 5 }, (_, i) => i * 7 + length);
    sha1(bytes, 5, length, out, 3);
    assert.equal(hex(out.subarray(3)), createHash('sha1').update(bytes.subarray(5)).digest('hex'), `length ${length}`);
  }
});

test('the hash may be written over what is hashed', () => {
  const bytes = new Uint8Array(SHA1_BYTES).fill(9);
  const expected = createHash('sha1').update(bytes).digest('hex');
  sha1(bytes, 0, SHA1_BYTES, bytes, 0);
  assert.equal(hex(bytes), expected);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
