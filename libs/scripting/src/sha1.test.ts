import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha1Hex } from './sha1.ts';

test('the digest is SHA-1 at every length around the ends of blocks', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
    assert.equal(sha1Hex(bytes), createHash('sha1').update(bytes).digest('hex'), String(length));
    assert.equal(
      sha1Hex(bytes, length >> 1),
      createHash('sha1')
        .update(bytes.subarray(length >> 1))
        .digest('hex'),
    );
  }
});
