import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyWriter } from '@weir/resp';
import { Machine } from './machine.ts';
import type { Outcome } from './machine.ts';
import { REGISTRY } from './lua.ts';
import { Random } from './random.ts';
import { testWasm } from './testing.ts';

const MB = 1024 * 1024;

class Scripts {
  readonly machine: Machine;
  hook: (L: number) => void = () => {};

  constructor(memoryBytesMax = 64 * MB) {
    this.machine = new Machine({
      wasm: testWasm(),
      memoryBytesMax,
      random: new Random(),
      libraries: () => ({ redis: { answer: 42 } }),
      hook: (L) => this.hook(L),
    });
  }

  start(text: string): Outcome {
    const { machine } = this;
    const ref = machine.compile(Buffer.from(text), '@test');
    if (typeof ref === 'string') throw new Error(ref);
    return machine.run((L) => {
      machine.lua.api.lua_rawgeti(L, REGISTRY, ref);
      return 0;
    });
  }

  reply(): string {
    const writer = new ReplyWriter();
    this.machine.takeReply(writer, 2);
    return Buffer.from(writer.written()).toString('latin1').trim();
  }

  run(text: string): string {
    return this.start(text) === 'done' ? this.reply() : this.machine.takeError().text;
  }
}

test('a script that wants more memory than there is gets an error that it can catch, and the next one runs', () => {
  const scripts = new Scripts();
  assert.equal(scripts.run("return {pcall(string.rep, 'x', 1e9)}"), '*2\r\n$-1\r\n$17\r\nnot enough memory');
  assert.equal(scripts.run('local t = {} while true do t[#t + 1] = { #t } end'), 'ERR not enough memory');
  scripts.machine.trim();
  assert.equal(scripts.run('return 1'), ':1');
  assert.ok(scripts.machine.lua.heapBytes <= 64 * MB);
});

test('a script is suspended between two instructions, and goes on where it was', () => {
  const scripts = new Scripts();
  let stops = 0;
  scripts.hook = (L) => {
    if (!scripts.machine.canSuspend(L)) return;
    stops++;
    scripts.machine.suspend(L);
  };
  let outcome = scripts.start('local n = 0 for i = 1, 1000000 do n = n + i end return n');
  while (outcome === 'suspended') outcome = scripts.machine.goOn();
  assert.equal(outcome, 'done');
  assert.equal(scripts.reply(), ':500000500000');
  assert.ok(stops > 5, String(stops));
});

test('inside of pcall, a comparison or a coroutine a script is not suspended, and behind it is', () => {
  for (const inside of [
    'pcall(function() for i = 1, 1000000 do end end)',
    'table.sort({2, 1}, function(a, b) for i = 1, 1000000 do end return a < b end)',
    'coroutine.wrap(function() for i = 1, 1000000 do end end)()',
  ]) {
    const scripts = new Scripts();
    const could: boolean[] = [];
    scripts.hook = (L) => could.push(scripts.machine.canSuspend(L));
    assert.equal(scripts.run(`${inside} return 'done'`), '$4\r\ndone', inside);
    assert.ok(could.length > 5 && !could.includes(true), inside);
    could.length = 0;
    scripts.run(`${inside} for i = 1, 1000000 do end`);
    assert.ok(could.includes(true), inside);
  }
});

test('an error of the hook is met again by a script that catches it', () => {
  const scripts = new Scripts();
  scripts.hook = (L) => {
    scripts.machine.hookEvery(L, 1);
    scripts.machine.lua.raise(L, 'enough');
  };
  const loop = 'while true do pcall(function() while true do end end) end';
  assert.match(scripts.run(loop), /enough$/);
  assert.match(scripts.run(`coroutine.wrap(function() ${loop} end)()`), /enough$/);
  scripts.hook = () => {};
  assert.equal(scripts.run('return 1'), ':1');
});

test('coroutine.yield outside of a coroutine is an error', () => {
  const scripts = new Scripts();
  assert.equal(scripts.run('coroutine.yield(1)'), 'ERR attempt to yield across metamethod/C-call boundary');
  assert.equal(scripts.run('return 1'), ':1');
});

test('precompiled code is not loaded, whoever made it', () => {
  const scripts = new Scripts();
  const dumped = 'string.dump(function() return 1 end)';
  assert.match(scripts.run(`return select(2, loadstring(${dumped}))`), /unexpected symbol near 'char\(27\)'$/);
  assert.match(
    scripts.run(
      `local done = false return select(2, load(function() if not done then done = true return ${dumped} end end))`,
    ),
    /^\$\d+\r\n\(load\):1: unexpected symbol near 'char\(27\)'$/,
  );
});

/** Each was a way out of Redis's sandbox, or into its memory. Here they are refused, or reach nothing. */
const HOLES: readonly (readonly [title: string, script: string, reply: RegExp])[] = [
  ['CVE-2022-0543: the package library', 'return package.loadlib', /nonexistent global variable 'package'/],
  ['CVE-2022-24735: another user finds changed functions', 'redis.answer = function() end', /readonly table/],
  ['CVE-2022-24735: through rawset', "rawset(redis, 'answer', 1)", /readonly table/],
  ['CVE-2025-46818: methods of strings', "getmetatable('').__index = function() end", /readonly table/],
  ['CVE-2025-46818: the metatable of strings', "getmetatable('').__index.upper = 1", /readonly table/],
  ['CVE-2025-46817: unpack counts with an int', 'return unpack({}, 0, 2147483647)', /too many results to unpack/],
  ['CVE-2025-46817: from far below', 'return unpack({1}, -2147483648, 2147483647)', /too many results to unpack/],
  ['CVE-2025-46819: a long bracket without end', "return loadstring('return [' .. ('='):rep(100))", /^\$-1$/],
  [
    'CVE-2025-49844: the name of a chunk is collected while it is parsed',
    `for i = 1, 200 do
       local name = ('n'):rep(50) .. i
       local parts, at = { 'return ', ('{'):rep(100), ('}'):rep(100) }, 0
       load(function() at = at + 1 collectgarbage() return parts[at] end, name .. '\\0tail')
     end return 'fine'`,
    /fine/,
  ],
  ['no debug library', 'return debug', /nonexistent global variable 'debug'/],
  ['no io library', 'return io', /nonexistent global variable 'io'/],
  ['no environments', 'return getfenv', /nonexistent global variable 'getfenv'/],
  ['no files', 'return loadfile', /nonexistent global variable 'loadfile'/],
  ['no userdata with a finalizer', 'return newproxy', /nonexistent global variable 'newproxy'/],
];

for (const [title, script, reply] of HOLES) {
  test(`a script gets nowhere: ${title}`, () => {
    const scripts = new Scripts();
    assert.match(scripts.run(script), reply);
    assert.equal(scripts.run("return ('x'):upper() .. redis.answer"), '$3\r\nX42');
  });
}

test('a script that exhausts the stack ends its machine, and is told from an error of the engine', () => {
  const scripts = new Scripts();
  assert.throws(() => scripts.run("return ('a'):rep(300000):match(('a?'):rep(300000))"), RangeError);
  assert.ok(scripts.machine.isSpent);
});
