import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINE_BYTES_MAX } from '../core/monitors.ts';
import { TEST_NOW, TestEngine, latin1 } from '../testing.ts';

const TIME = `${TEST_NOW / 1000}.000000`;

test('MONITOR shows what is executed, with time, database, address and arguments as Redis prints them', () => {
  const engine = new TestEngine();
  const monitor = engine.session();
  assert.equal(monitor.text('MONITOR'), '+OK\r\n');
  assert.equal(monitor.text('MONITOR'), '', 'a second one has no answer');
  engine.call('SELECT', '3');
  engine.call('SET', 'a "', Buffer.from([10, 0, 255, 92]));
  assert.equal(
    latin1(monitor.pushed()),
    `+${TIME} [3 127.0.0.1:50000] "SELECT" "3"\r\n+${TIME} [3 127.0.0.1:50000] "SET" "a \\"" "\\n\\x00\\xff\\\\"\r\n`,
  );
});

test('a transaction is shown command by command as it is executed, with EXEC behind', () => {
  const engine = new TestEngine();
  const monitor = engine.session();
  monitor.call('MONITOR');
  for (const args of [['MULTI'], ['GET', 'a'], ['CONFIG', 'GET', 'x'], ['EXEC']]) engine.call(...args);
  const shown = [...latin1(monitor.pushed()).matchAll(/\] (.*)\r\n/g)].map(([, args]) => args);
  assert.deepEqual(shown, ['"MULTI"', '"GET" "a"', '"EXEC"']);
});

test('passwords and administration are not shown, nor what was refused', () => {
  const engine = new TestEngine({ config: { requirepass: 'secret' } });
  const monitor = engine.session();
  monitor.call('MONITOR');
  for (const args of [
    ['AUTH', 'secret'],
    ['HELLO', '2', 'AUTH', 'default', 'secret'],
    ['CONFIG', 'SET', 'requirepass', 'other'],
    ['NOSUCH'],
    ['GET'],
  ])
    engine.call(...args);
  const shown = [...latin1(monitor.pushed()).matchAll(/\] (.*)\r\n/g)].map(([, args]) => args);
  assert.deepEqual(shown, ['"AUTH" "(redacted)"', '"HELLO" "2" "AUTH" "(redacted)" "(redacted)"']);
});

test('who monitors may not touch the keyspace, sees its own commands behind their replies, and is normal again after RESET', () => {
  const engine = new TestEngine();
  const monitor = engine.session();
  monitor.call('MONITOR');
  assert.equal(monitor.text('GET', 'k'), "-ERR Replica can't interact with the keyspace\r\n");
  assert.equal(monitor.text('PUBLISH', 'a', 'x'), "-ERR Replica can't interact with the keyspace\r\n");
  assert.match(monitor.text('PING'), /^\+PONG\r\n\+\d+\.000000 \[0 127\.0\.0\.1:50000\] "PING"\r\n$/);
  assert.match(engine.text('CLIENT', 'LIST'), / flags=O /);
  assert.equal(monitor.text('RESET'), '+RESET\r\n');
  assert.equal(monitor.text('GET', 'k'), '$-1\r\n');
  assert.equal(engine.ctx.observed, false);
});

test('a script is shown before the commands that it runs', () => {
  const engine = new TestEngine();
  const monitor = engine.session();
  monitor.call('MONITOR');
  engine.call('EVAL', 'return redis.call("GET", "k")', '0');
  const shown = [...latin1(monitor.pushed()).matchAll(/\] (.*)\r\n/g)].map(([, args]) => args);
  assert.deepEqual(shown, ['"EVAL" "return redis.call(\\"GET\\", \\"k\\")" "0"', '"GET" "k"']);
});

test('a line has a bound, however long the arguments are', () => {
  const engine = new TestEngine({ reserveBytes: 2 ** 28 });
  const monitor = engine.session();
  monitor.call('MONITOR');
  engine.call('ECHO', Buffer.alloc(LINE_BYTES_MAX / 4));
  assert.match(latin1(monitor.pushed()), /"ECHO" "\.\.\."\r\n$/);
});
