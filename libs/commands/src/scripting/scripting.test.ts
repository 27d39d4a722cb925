import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha1Hex } from '@weir/scripting';
import { applyMemoryPolicy } from '../core/evict.ts';
import { TestEngine } from '../testing.ts';
import type { TestArg } from '../testing.ts';

const evaluate = (engine: TestEngine, script: string, ...rest: TestArg[]): string =>
  engine.text('EVAL', script, ...(rest.length === 0 ? [0] : rest));

const WRITES = `redis.call('SET', KEYS[1], ARGV[1], 'EX', 10)
redis.call('SELECT', 3)
redis.call('SADD', 's', 'a')
redis.call('SPOP', 's')
return redis.call('INCRBYFLOAT', 'f', 0.1)`;

test('what a script changes is one record, between MULTI and EXEC, and a replica ends up with the same data', () => {
  const engine = new TestEngine();
  assert.equal(evaluate(engine, WRITES, 1, 'k', 'v'), '$19\r\n0.10000000000000001\r\n');
  const [first, ...rest] = engine.effects;
  assert.deepEqual(first, ['MULTI']);
  assert.deepEqual(rest.at(-1), ['EXEC']);
  assert.deepEqual(rest[1], ['SET', 'k', 'v', 'PXAT', String(engine.now + 10_000)]);
  assert.ok(engine.waitSeq > 0, 'the reply waits for it');
  assert.equal(engine.text('GET', 'k'), '$1\r\nv\r\n', 'SELECT ends with the script');
  assert.deepEqual(engine.replica().contents(), engine.contents());
  engine.verify();
});

test('a script that fails has what it wrote before in the log', () => {
  const engine = new TestEngine();
  assert.match(evaluate(engine, "redis.call('SET', 'a', 1) error('no')"), /^-ERR user_script:1: no script: /);
  assert.deepEqual(engine.effects, [['MULTI'], ['SELECT', '0'], ['SET', 'a', '1'], ['EXEC']]);
  assert.equal(engine.text('GET', 'a'), '$1\r\n1\r\n');
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a script that changes nothing logs nothing, and its reply waits for what it has read', () => {
  const engine = new TestEngine();
  evaluate(engine, "return redis.call('GET', 'a')");
  assert.deepEqual(engine.effects, []);
  assert.equal(engine.waitSeq, 0);
  engine.call('SET', 'b', '1');
  evaluate(engine, "redis.call('GET', 'b') return redis.call('GET', 'c')");
  assert.equal(engine.waitSeq, 1);
});

test('inside of a transaction a script is a part of its record', () => {
  const engine = new TestEngine();
  for (const args of [['MULTI'], ['SET', 'a', '1'], ['EVAL', "return redis.call('INCR', 'a')", '0'], ['INCR', 'a']]) {
    engine.call(...args);
  }
  assert.equal(engine.text('EXEC'), '*3\r\n+OK\r\n:2\r\n:3\r\n');
  assert.deepEqual(engine.effects, [
    ['MULTI'],
    ['SELECT', '0'],
    ['SET', 'a', '1'],
    ['INCR', 'a'],
    ['INCR', 'a'],
    ['EXEC'],
  ]);
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('what a script changes makes the transactions of those who watch it stale', () => {
  const engine = new TestEngine();
  engine.call('WATCH', 'a');
  evaluate(engine, "redis.call('SET', 'a', 1)");
  engine.call('MULTI');
  assert.equal(engine.text('EXEC'), '*-1\r\n');
});

test('a slave runs scripts that read, and refuses those that write', () => {
  const engine = new TestEngine();
  engine.call('SET', 'a', 'x');
  engine.ctx.role.isSlave = true;
  assert.equal(evaluate(engine, "return redis.call('GET', 'a')"), '$1\r\nx\r\n');
  assert.match(
    evaluate(engine, "return redis.call('SET', 'a', 1)"),
    /^-READONLY You can't write against a read only replica\. script: [0-9a-f]{40}, on @user_script:1\.\r\n$/,
  );
  const flagged = '#!lua flags=no-writes\nreturn 1';
  assert.equal(evaluate(engine, flagged), ':1\r\n');
  assert.equal(
    evaluate(engine, '#!lua\nreturn 1'),
    '-READONLY Can not run script with write flag on readonly replica.\r\n',
  );
  engine.ctx.role.linkUp = false;
  engine.config.assign('replica-serve-stale-data', ['no']);
  assert.match(evaluate(engine, 'return 1'), /^-MASTERDOWN Link with MASTER is down and/);
  assert.match(evaluate(engine, flagged), /^-MASTERDOWN .*'allow-stale' flag is not set on the script/);
  const stale = '#!lua flags=no-writes,allow-stale\nreturn redis.call(ARGV[1])';
  assert.equal(evaluate(engine, stale, 0, 'LASTSAVE').slice(0, 1), ':');
  assert.match(evaluate(engine, stale, 0, 'DBSIZE'), /^-ERR Can not execute the command on a stale replica/);
});

test('a node whose writes are refused says so to scripts, too', () => {
  const engine = new TestEngine();
  engine.ctx.role.writeRefusal = 'MISCONF the log lost records';
  assert.match(evaluate(engine, "redis.call('SET', 'a', 1)"), /^-MISCONF the log lost records script: /);
  assert.equal(evaluate(engine, '#!lua\nreturn 1'), '-MISCONF the log lost records\r\n');
  assert.equal(evaluate(engine, 'return 1'), ':1\r\n');
});

test('when memory is full a script may write no more than a command, unless it says so or has begun', () => {
  const engine = new TestEngine();
  engine.call('SET', 'k', 'v');
  engine.config.assign('maxmemory', ['1']);
  applyMemoryPolicy(engine.ctx.keyspace, engine.config);
  assert.match(evaluate(engine, "return redis.call('SET', 'a', 1)"), /^-OOM command not allowed when used memory/);
  assert.equal(evaluate(engine, "redis.call('DEL', 'k') return redis.call('SET', 'a', 1)"), '+OK\r\n');
  assert.match(evaluate(engine, '#!lua\nreturn 1'), /^-OOM allow-oom flag is not set on the script/);
  assert.equal(evaluate(engine, "#!lua flags=allow-oom\nreturn redis.call('SET', 'a', 1)"), '+OK\r\n');
});

test('commands of scripts count as calls, and an error once', () => {
  const engine = new TestEngine();
  const { stats, table } = engine.ctx;
  evaluate(engine, "redis.call('SET', 'a', 'x') return redis.call('INCR', 'a')");
  assert.equal(table.all.find(({ fullName }) => fullName === 'incr')!.calls, 1);
  assert.equal(stats.errorReplies, 1);
  evaluate(engine, "redis.call('NOSUCH')");
  assert.equal(stats.errorReplies, 2);
  evaluate(engine, "error('x')");
  assert.equal(stats.errorReplies, 3);
});

test('a command that would have to wait is refused, and the script goes on when it wants to', () => {
  const engine = new TestEngine({ host: { migrate: () => assert.fail('nothing is sent') } });
  engine.call('SET', 'k', 'v');
  assert.match(
    evaluate(engine, "local r = redis.pcall('MIGRATE', 'h', 1, 'k', 0, 10) return r.err"),
    /^\$\d+\r\nERR this command has to wait/,
  );
  assert.equal(engine.ctx.depth, 0);
});

test('EVALSHA finds what EVAL brought, of which the newest 500 are kept, and what SCRIPT LOAD brought, which stays', () => {
  const engine = new TestEngine();
  engine.call('SCRIPT', 'LOAD', 'return 0');
  for (let i = 1; i <= 501; i++) evaluate(engine, `return ${i}`);
  const call = (script: string): string => engine.text('EVALSHA', sha1Hex(Buffer.from(script)).toUpperCase(), 0);
  assert.equal(call('return 0'), ':0\r\n');
  assert.match(call('return 1'), /^-NOSCRIPT/);
  assert.equal(call('return 2'), ':2\r\n');
  engine.call('SCRIPT', 'FLUSH');
  assert.match(call('return 0'), /^-NOSCRIPT/);
});

test('scripts are compiled anew for a new machine, after one has exhausted the stack', () => {
  const engine = new TestEngine();
  assert.equal(evaluate(engine, 'return 1'), ':1\r\n');
  const bomb = "redis.call('SET', 'a', 1) return ('a'):rep(300000):match(('a?'):rep(300000))";
  assert.match(evaluate(engine, bomb), /^-ERR the script overstrained the scripting engine/);
  assert.equal(evaluate(engine, 'return 1'), ':1\r\n');
  assert.equal(engine.text('GET', 'a'), '$1\r\n1\r\n');
  assert.deepEqual(engine.replica().contents(), engine.contents());
  const nested = "local function f() redis.call('INCR', 'n') coroutine.wrap(f)() end f()";
  assert.match(evaluate(engine, nested), /C stack overflow|overstrained/);
  assert.equal(engine.ctx.depth, 0);
  engine.verify();
  assert.deepEqual(engine.replica().contents(), engine.contents());
});

test('a reply that contains itself ends in an error, as in Redis', () => {
  const engine = new TestEngine();
  assert.match(evaluate(engine, 'local t = {} t[1] = t return t'), /^(?:\*1\r\n)+-ERR reached lua stack limit\r\n$/);
});

test('a script that runs for longer than busy-reply-threshold is ended, though it catches errors, and the next one runs', () => {
  let micros = 0;
  const engine = new TestEngine({ host: { clockMicros: () => (micros += 1_000_000) } });
  const loop = "redis.call('SET', 'a', 1) while true do pcall(function() while true do end end) end";
  assert.match(evaluate(engine, loop), /^-ERR the script ran for longer than busy-reply-threshold/);
  assert.deepEqual(engine.replica().contents(), engine.contents());
  assert.equal(evaluate(engine, 'return 1'), ':1\r\n');
});

test('a reply that Lua has no memory for goes nowhere, whether the script catches that or not', () => {
  const engine = new TestEngine();
  engine.call('SET', 'big', 'x'.repeat(20_000_000));
  const fill = 'local t = {} pcall(function() for i = 1, 1e9 do t[i] = i .. ("x"):rep(2e6) end end) ';
  assert.equal(evaluate(engine, `${fill} return { (pcall(redis.call, 'GET', 'big')) }`), '*1\r\n$-1\r\n');
  assert.match(evaluate(engine, `${fill} return redis.call('GET', 'big')`), /^-ERR not enough memory[^\r]*\r\n$/);
});

test('a script that changes what all scripts share through pairs changes nothing', () => {
  const engine = new TestEngine();
  for (const shared of ['_G', 'redis', 'string', 'table', 'math', 'coroutine', 'cjson', 'bit']) {
    const change = `local _, t = pairs(${shared}) t.added = 1`;
    assert.match(evaluate(engine, change), /Attempt to modify a readonly table/, shared);
    assert.match(evaluate(engine, `local _, t = pairs(${shared}) rawset(t, 'added', 1)`), /readonly table/, shared);
  }
  assert.equal(
    evaluate(
      engine,
      "local n = 0 for k, v in pairs(redis) do if k == 'call' and v == redis.call then n = 1 end end return n",
    ),
    ':1\r\n',
  );
});

test('an error handler that does not return is ended with its script', () => {
  let micros = 0;
  const engine = new TestEngine({ host: { clockMicros: () => (micros += 1_000_000) } });
  const loop = 'return xpcall(function() while true do end end, function() while true do end end)';
  assert.match(evaluate(engine, loop), /^-ERR the script ran for longer than busy-reply-threshold/);
  assert.equal(evaluate(engine, 'return 1'), ':1\r\n');
});

test('table.insert far in front of a table is refused, rather than going on for minutes', () => {
  const engine = new TestEngine();
  assert.match(
    evaluate(engine, 'table.insert({}, -2^31, 1)'),
    /bad argument #2 to 'insert' \(position out of bounds\)/,
  );
  assert.equal(
    evaluate(engine, 'local t = { 2 } table.insert(t, 1, 1) table.insert(t, -1, 0) return { t[-1], t[2], t[3] }'),
    '*3\r\n:0\r\n:1\r\n:2\r\n',
  );
});
