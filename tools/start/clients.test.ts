import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asRedisCli } from './clients.ts';

test('answers of the stand-in client look like those of redis-cli', () => {
  assert.equal(asRedisCli([]), '(empty array)');
  assert.equal(asRedisCli(2), '(integer) 2');
  assert.equal(asRedisCli(null), '(nil)');
  assert.equal(asRedisCli('OK'), 'OK');
  assert.equal(asRedisCli('a "b"'), '"a \\"b\\""');
  assert.equal(asRedisCli(['testkey', 'testkey2']), '1) "testkey"\n2) "testkey2"');
  assert.equal(asRedisCli(['a', ['b', 1]]), '1) "a"\n2) 1) "b"\n   2) (integer) 1');
  assert.equal(asRedisCli('role:slave\r\n', true), 'role:slave');
});
