import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsProcessors } from './embedded-options.ts';

test('an embedded nats-server has half of the processors, and one at least', () => {
  assert.deepEqual([1, 2, 3, 8].map(natsProcessors), [1, 1, 1, 4]);
});
