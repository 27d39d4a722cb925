import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoteArg, splitArgs } from './args.ts';

const byteString = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));

test('what quoteArg writes, splitArgs reads back, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.array(byteString, { maxLength: 5 }), (args) => {
      assert.deepEqual(splitArgs(args.map(quoteArg).join(' ')), args);
    }),
  );
});

test('a quoted argument is printable ASCII on one line', () => {
  fc.assert(fc.property(byteString, (arg) => /^"[ -~]*"$/.test(quoteArg(arg))));
});

test('splitting never throws and never answers an empty argument that was not quoted', () => {
  const anything = fc.string({ unit: fc.constantFrom(...'ab "\'\\x41\t\n\0\xff'), maxLength: 20 });
  fc.assert(
    fc.property(anything, (line) => {
      const args = splitArgs(line);
      if (args?.includes('') === true) assert.match(line, /""|''/);
    }),
  );
});

test('quotes split as in redis-cli and redis.conf', () => {
  assert.deepEqual(splitArgs('  set  "a b"\tc  '), ['set', 'a b', 'c']);
  assert.deepEqual(splitArgs('"\\x41\\n\\q\\x4g"'), ['A\nqx4g']);
  assert.deepEqual(splitArgs("'a\\n\\'b\"'"), ['a\\n\'b"']);
  assert.deepEqual(splitArgs('a"b"'), ['ab']);
  assert.deepEqual(splitArgs('"" \'\''), ['', '']);
  assert.deepEqual(splitArgs(''), []);
  for (const unbalanced of ['"a', "'a", '"a"b', "'a'b", '"a\\"', 'a"b"c']) {
    assert.equal(splitArgs(unbalanced), undefined, unbalanced);
  }
});
