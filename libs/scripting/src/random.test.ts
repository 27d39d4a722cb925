import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

test('the numbers are those of lrand48, with its first seed and after another one', () => {
  const random = new Random();
  // From redis-server 7.0.15: math.random() after its start.
  assert.equal(random.fraction().toPrecision(14), '0.39646477363839');
  random.seed(0);
  assert.equal(random.fraction().toPrecision(14), '0.17082803611217');
  assert.equal(random.fraction().toPrecision(14), '0.74990198051087');
  random.seed(5);
  assert.equal(random.fraction().toPrecision(14), '0.52483957937213');
});
