// Invariant `all-or-nothing`: a command that the arena has no room for answers -OOM, changes nothing and logs nothing.
// (Commands of many elements keep what they had done, and log exactly that.)

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gen, dataRows, generate, line } from '@weir/testkit';
import fc from 'fast-check';
import { TestEngine, latin1 } from './testing.ts';

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

function filled(): TestEngine {
  const engine = new TestEngine({ reserveBytes: 1024 ** 2, debug: false });
  // Large values fill it quickly, small ones what is left.
  const fill = (prefix: string, bytes: number): void => {
    const value = 'f'.repeat(bytes);
    for (let i = 0; engine.text('SET', `${prefix}${i}`, value) !== OOM; i++);
  };
  engine.call('MSET', 'a', 'short', 'n', '1');
  engine.call('SET', 'long', 'l'.repeat(5000));
  engine.call('SET', 'ttl', 'v', 'EX', '100');
  for (const bytes of [256 * 1024, 16 * 1024, 2000, 900, 200, 40, 1]) fill(`${bytes}:`, bytes);
  return engine;
}

test('a full arena refuses writes, changes nothing by them, and takes them again when there is room', () => {
  const engine = filled();
  const commands: string[][] = [
    ['SET', 'new', 'v'.repeat(3000)],
    ['SET', 'a', 'v'.repeat(3000), 'EX', '100'],
    ['SET', 'a', 'v'.repeat(3000), 'GET'],
    ['GETSET', 'a', 'v'.repeat(3000)],
    ['APPEND', 'a', 'v'.repeat(3000)],
    ['APPEND', 'long', 'v'.repeat(100_000)],
    ['SETRANGE', 'a', '3000', 'v'],
    ['COPY', 'long', 'copied'],
    ['COPY', 'long', 'a', 'REPLACE'],
    ['RENAME', 'a', 'k'.repeat(5000)],
    ['MOVE', 'ttl', '3'],
    ['EXPIRE', 'a', '100'],
    ['PERSIST', 'ttl'],
    ['INCRBYFLOAT', 'n', '1e4000'],
    ['SETEX', 'new', '100', 'v'.repeat(3000)],
    ['MSETNX', 'new', 'v'.repeat(3000)],
  ];
  const errorsBefore = engine.ctx.stats.errorReplies;
  const oomBefore = engine.ctx.stats.errors.get('OOM') ?? 0;
  let refused = 0;
  for (const command of commands) {
    const before = JSON.stringify(engine.contents());
    const reply = engine.text(...command);
    if (reply !== OOM) continue; // it fitted into what was left
    refused++;
    assert.equal(JSON.stringify(engine.contents()), before, command[0]);
    assert.deepEqual(engine.effects, [], command[0]);
    engine.verify();
  }
  assert.ok(refused >= 10, `only ${refused} of the commands met the full arena`);
  // Each refusal is one error, although the command had begun.
  assert.equal(engine.ctx.stats.errorReplies, errorsBefore + refused);
  assert.equal(engine.ctx.stats.errors.get('OOM'), oomBefore + refused);
  assert.equal(engine.text('DEL', '262144:0'), ':1\r\n');
  assert.equal(engine.text('APPEND', 'a', 'v'.repeat(3000)), ':3005\r\n');
});

test('an MSET that runs out of memory on its way logs the pairs that it set', () => {
  const engine = filled();
  const pairs = Array.from({ length: 50 }, (_, i) => [`m${i}`, 'v'.repeat(i < 2 ? 1 : 4000)]).flat();
  engine.call('DEL', '1:0', '1:1', '1:2', '1:3');
  assert.equal(engine.text('MSET', ...pairs), OOM);
  const set = engine.contents().filter(({ key }) => /^m\d+$/.test(key));
  assert.ok(set.length > 0 && set.length < 50);
  const logged = engine.effects.at(-1)!;
  assert.equal(logged[0], 'MSET');
  assert.equal(logged.length, 1 + 2 * set.length);
});

test('random commands on a small arena never leave its books wrong', () => {
  const engine = filled();
  const key = fc.constantFrom('a', 'n', 'long', 'ttl', 'x', 'y', '900:1', '200:1');
  const value = fc.nat(6000).map((length) => 'z'.repeat(length));
  const command = fc.oneof(
    fc.tuple(fc.constant('SET'), key, value),
    fc.tuple(fc.constant('SET'), key, value, fc.constant('EX'), fc.constant('100')),
    fc.tuple(fc.constant('APPEND'), key, value),
    fc.tuple(fc.constantFrom('RENAME', 'COPY'), key, key),
    fc.tuple(fc.constant('EXPIRE'), key, fc.constant('100')),
    fc.tuple(fc.constantFrom('PERSIST', 'DEL', 'INCR'), key),
    fc.tuple(fc.constant('MOVE'), key, fc.constantFrom('0', '1')),
  );
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 60 }), (commands) => {
      for (const args of commands) engine.call(...args);
      engine.verify();
    }),
    { numRuns: 30 },
  );
  const replica = new TestEngine();
  for (const record of engine.history) replica.apply(record);
  const data = (of: TestEngine) => of.contents().map((content) => ({ ...content, encoding: 0 }));
  assert.deepEqual(data(replica), data(engine));
});

/** Encodings change at other sizes than on the master. */
const REPLICA_LIMITS = {
  'hash-max-listpack-entries': '3',
  'list-max-listpack-size': '3',
  'set-max-intset-entries': '3',
  'set-max-listpack-entries': '2',
  'zset-max-listpack-value': '3',
  'stream-node-max-entries': '2',
  'hll-sparse-max-bytes': '100',
};

/** Leaves so many bytes of the arena free, about; in one piece, or in small ones between others. */
function fillUpTo(engine: TestEngine, g: Gen, left: number): void {
  let keys = 0;
  const [smallest] = g.pick([[1], [40], [300]]);
  for (const bytes of [65536, 4000, 300, 40, 1]) {
    if (bytes < smallest) break;
    while (engine.text('SET', `fill:${keys}`, 'f'.repeat(bytes)) !== OOM) keys++;
  }
  while (left > 0) {
    const key = `fill:${g.below(keys)}`;
    left -= 50 + Number(engine.text('STRLEN', key).slice(1));
    engine.call('DEL', key);
  }
}

test('commands of all types on a full arena do what they log and nothing else', () => {
  let refused = 0;
  const commands = new Set<string>();
  const property = fc.property(fc.noShrink(fc.nat(2 ** 31)), (seed) => {
    const g = new Gen(seed);
    const engine = new TestEngine({ reserveBytes: 1024 ** 2, config: { 'proto-max-bulk-len': '1048576' } });
    const replica = new TestEngine({ config: { 'proto-max-bulk-len': '1048576', ...REPLICA_LIMITS } });
    const sessions = [engine.session(2), engine.session(3)];
    fillUpTo(engine, g, g.below(60_000));
    const data = (of: TestEngine) => JSON.stringify(of.contents().map((content) => ({ ...content, encoding: 0 })));
    let applied = 0;
    const compare = (after: string): void => {
      engine.verify();
      for (; applied < engine.history.length; applied++) replica.apply(engine.history[applied]);
      assert.ok(data(replica) === data(engine), `a replica has other data than the master after: ${after}`);
    };
    for (const { args, connection } of generate(g, dataRows, { steps: 150, oracle: g.pick(['redis', 'valkey']) })) {
      const name = latin1(args[0]).toUpperCase();
      if (name.startsWith('FLUSH')) continue;
      if (sessions[connection].text(...args) !== OOM) continue;
      refused++;
      commands.add(name);
      compare(line(args));
    }
    compare('the last command');
    // Nothing was leaked.
    for (let db = 0; db < 16; db++) {
      engine.call('SELECT', db);
      for (const content of engine.contents())
        if (content.db === db) engine.call('DEL', Buffer.from(content.key, 'latin1'));
    }
    engine.verify();
    assert.deepEqual(engine.contents(), []);
    assert.equal(engine.arena.usedBytes, 0);
  });
  fc.assert(property, { numRuns: 40 });
  assert.ok(refused > 200 && commands.size > 15, `only ${refused} times refused, commands: ${[...commands].join()}`);
});
