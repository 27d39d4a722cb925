import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand } from '@weir/resp';
import { showBytes } from './bytes.ts';
import { decodeCommands } from './decode.ts';
import type { DecodeLimits } from './decode.ts';

const WIDE: DecodeLimits = { valueBytesMax: 1000, argsMax: 1000 };
const payload = (...commands: (string | Uint8Array)[][]): Uint8Array => Buffer.concat(commands.map(encodeCommand));
const decode = (bytes: Uint8Array, limits = WIDE) => [...decodeCommands(bytes, limits)];
const corrupt = { code: 'log-corrupt' };

test("a record's commands are told with the database that they are for; SELECT is no change of its own", () => {
  const commands = decode(
    payload(['SET', 'a', '1'], ['SELECT', '3'], ['del', 'b', 'c'], ['SELECT', '0'], ['INCR', 'd']),
  );
  assert.deepEqual(
    commands.map(({ index, db, command, args }) => [index, db, command, ...args.map(({ text }) => text)]),
    [
      [0, 0, 'SET', 'a', '1'],
      [1, 3, 'DEL', 'b', 'c'],
      [2, 0, 'INCR', 'd'],
    ],
  );
});

test('arguments beyond the limits are cut and counted, and say how long they are', () => {
  const [{ args, argsOmitted }] = decode(payload(['RPUSH', 'l', 'abcdef', 'x', 'y']), { valueBytesMax: 3, argsMax: 2 });
  assert.equal(argsOmitted, 2);
  assert.deepEqual(args[1], { text: 'abc', encoding: 'utf8', bytes: 6, truncated: true });
});

test('what is no stream of commands is damage, never half an answer', () => {
  const whole = payload(['SET', 'a', '1']);
  for (const cut of [1, 5, whole.length - 1]) assert.throws(() => decode(whole.subarray(0, cut)), corrupt);
  for (const text of ['+OK\r\n', '*0\r\n', '*1\r\n:1\r\n', 'nonsense\r\n']) {
    assert.throws(() => decode(Buffer.from(text)), corrupt, text);
  }
});

test('bytes that are no text are shown in base64, and text is never cut inside a character', () => {
  assert.deepEqual(showBytes(Buffer.from([0xff, 0]), 10), {
    text: '/wA=',
    encoding: 'base64',
    bytes: 2,
    truncated: false,
  });
  const euros = Buffer.from('a€€');
  for (const [max, text] of [
    [7, 'a€€'],
    [6, 'a€'],
    [5, 'a€'],
    [4, 'a€'],
    [3, 'a'],
    [1, 'a'],
    [0, ''],
  ] as const) {
    assert.deepEqual(showBytes(euros, max), { text, encoding: 'utf8', bytes: 7, truncated: max < 7 }, String(max));
  }
  assert.deepEqual(showBytes(Buffer.from('abc'), 10, 99), {
    text: 'abc',
    encoding: 'utf8',
    bytes: 99,
    truncated: true,
  });
});
