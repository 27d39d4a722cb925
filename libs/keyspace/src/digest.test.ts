// The digests here are what Redis 7.0.15 answered for the same keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENC_EMBSTR, ENC_INT } from './entry.ts';
import { datasetDigest, valueDigest } from './digest.ts';
import { Keyspace } from './keyspace.ts';

function keyspace(): Keyspace {
  return new Keyspace({ seed: { k0: 1, k1: 2 }, randomSeed: 3 });
}

function put(keyspace: Keyspace, db: number, key: string, value: string, expireMs = -1): number {
  const k = Buffer.from(key);
  const v = Buffer.from(value);
  const hash = keyspace.hash(k, 0, k.length);
  const encoding = /^[0-9]+$/.test(value) ? ENC_INT : ENC_EMBSTR;
  const database = keyspace.dbs[db];
  const ref = keyspace.setString(keyspace.key(database, hash, k, 0, k.length), 0, v, 0, v.length, encoding, false, 1);
  return expireMs < 0 ? ref : keyspace.setExpire(database, hash, ref, expireMs);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('the digest of an empty data set is zero', () => {
  assert.equal(hex(datasetDigest(keyspace())), '0'.repeat(40));
});

test('the digest covers databases, keys, values and whether they expire, as that of Redis', () => {
  const set = keyspace();
  const a = put(set, 0, 'a', '1');
  const b = put(set, 0, 'b', 'hello', 5);
  const c = put(set, 3, 'c', '');
  assert.equal(hex(datasetDigest(set)), '02edc4d943d58c97441444b0c65037f3241811f7');
  assert.equal(hex(valueDigest(set, a)), 'b4fc66738120fba0b5aa500ab5c2bf89cea1c5da');
  assert.equal(hex(valueDigest(set, b)), 'd037c4eb8a8b36b602fbced4000daeab0714c1e3');
  assert.equal(hex(valueDigest(set, c)), '8b3447c33a834b810e3e181b6fd6a2ee1020921c');
  assert.equal(hex(valueDigest(set, 0)), '0'.repeat(40));
});

test('the order in which keys were written does not matter', () => {
  const one = keyspace();
  const two = keyspace();
  for (let i = 0; i < 500; i++) put(one, i % 3, `key:${i}`, `value:${i}`);
  for (let i = 499; i >= 0; i--) put(two, i % 3, `key:${i}`, `value:${i}`);
  assert.equal(hex(datasetDigest(one)), hex(datasetDigest(two)));
  put(two, 0, 'key:0b', '');
  assert.notEqual(hex(datasetDigest(one)), hex(datasetDigest(two)));
});
