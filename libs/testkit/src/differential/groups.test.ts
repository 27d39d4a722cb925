import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCommands } from '@weir/commands';
import { TestEngine } from '@weir/commands/testing';
import { differences } from './differences.ts';
import { fullName, generate } from './generate.ts';
import { Gen } from './grammar.ts';
import { allRows, dataRows, rowGroups, selectOnly } from './groups.ts';
import type { GroupName } from './groups.ts';
import { isError, line, show } from './replies.ts';
import type { CommandRow } from './rows.ts';

/** Commands without a row, and why. */
const WITHOUT_ROW = new Map([
  ['bgrewriteaof', 'makes a snapshot here'],
  ['blmove', 'blocking.e2e.test.ts'],
  ['blmpop', 'blocking.e2e.test.ts'],
  ['blpop', 'blocking.e2e.test.ts'],
  ['brpop', 'blocking.e2e.test.ts'],
  ['brpoplpush', 'blocking.e2e.test.ts'],
  ['bzmpop', 'blocking.e2e.test.ts'],
  ['bzpopmax', 'blocking.e2e.test.ts'],
  ['bzpopmin', 'blocking.e2e.test.ts'],
  ['client|caching', 'tracking.e2e.test.ts'],
  ['client|getredir', 'tracking.e2e.test.ts'],
  ['client|help', 'lists only what exists'],
  ['client|pause', 'blocking.e2e.test.ts'],
  ['client|tracking', 'tracking.e2e.test.ts'],
  ['client|trackinginfo', 'tracking.e2e.test.ts'],
  ['client|unpause', 'blocking.e2e.test.ts'],
  ['discard', 'transactions.e2e.test.ts'],
  ['exec', 'transactions.e2e.test.ts'],
  ['latency|doctor', 'a text of its own'],
  ['lolwut', 'a text of its own'],
  ['memory|stats', 'about the process'],
  ['migrate', 'has a test of its own, with real servers'],
  ['module|help', 'lists only what exists'],
  ['monitor', 'monitor.e2e.test.ts'],
  ['multi', 'transactions.e2e.test.ts'],
  ['restore-asking', 'RESTORE, for a cluster'],
  ['psubscribe', 'pubsub.e2e.test.ts'],
  ['publish', 'pubsub.e2e.test.ts'],
  ['pubsub|channels', 'pubsub.e2e.test.ts'],
  ['pubsub|help', 'pubsub.e2e.test.ts'],
  ['pubsub|numpat', 'pubsub.e2e.test.ts'],
  ['pubsub|numsub', 'pubsub.e2e.test.ts'],
  ['pubsub|shardchannels', 'pubsub.e2e.test.ts'],
  ['pubsub|shardnumsub', 'pubsub.e2e.test.ts'],
  ['punsubscribe', 'pubsub.e2e.test.ts'],
  ['spublish', 'pubsub.e2e.test.ts'],
  ['ssubscribe', 'pubsub.e2e.test.ts'],
  ['subscribe', 'pubsub.e2e.test.ts'],
  ['sunsubscribe', 'pubsub.e2e.test.ts'],
  ['unsubscribe', 'pubsub.e2e.test.ts'],
  ['unwatch', 'transactions.e2e.test.ts'],
  ['watch', 'transactions.e2e.test.ts'],
  ['weir|consistency', "Weir's own"],
  ['weir|digest', "Weir's own"],
  ['weir|handshake', "Weir's own"],
  ['weir|help', "Weir's own"],
  ['weir|logs', "Weir's own"],
  ['weir|position', "Weir's own"],
  ['weir|repair', "Weir's own"],
  ['weir|token', "Weir's own"],
  ['eval', 'scripts.e2e.test.ts'],
  ['eval_ro', 'scripts.e2e.test.ts'],
  ['evalsha', 'scripts.e2e.test.ts'],
  ['evalsha_ro', 'scripts.e2e.test.ts'],
  ['fcall', 'scripts.e2e.test.ts'],
  ['fcall_ro', 'scripts.e2e.test.ts'],
  ['function|delete', 'scripts.e2e.test.ts'],
  ['function|dump', 'scripts.e2e.test.ts'],
  ['function|flush', 'scripts.e2e.test.ts'],
  ['function|help', 'scripts.e2e.test.ts'],
  ['function|kill', 'scripts.e2e.test.ts'],
  ['function|list', 'scripts.e2e.test.ts'],
  ['function|load', 'scripts.e2e.test.ts'],
  ['function|restore', 'scripts.e2e.test.ts'],
  ['function|stats', 'scripts.e2e.test.ts'],
  ['script|debug', 'scripts.e2e.test.ts'],
  ['script|exists', 'scripts.e2e.test.ts'],
  ['script|flush', 'scripts.e2e.test.ts'],
  ['script|help', 'scripts.e2e.test.ts'],
  ['script|kill', 'scripts.e2e.test.ts'],
  ['script|load', 'scripts.e2e.test.ts'],
]);

const SAMPLES = 200;

function sampled(): Set<string> {
  const g = new Gen(1);
  const names = new Set<string>();
  for (const row of Object.values(rowGroups).flat()) {
    for (let i = 0; i < SAMPLES; i++) names.add(fullName([Buffer.from(row.name), ...row.args(g)]));
  }
  return names;
}

test('every command and subcommand has a row in the differential test, but for those listed', () => {
  const rows = sampled();
  const all = allCommands.flatMap((command) => [
    ...(command.subcommands === undefined ? [command.name] : []),
    ...(command.subcommands ?? []).map((subcommand) => `${command.name}|${subcommand.name}`),
  ]);
  const missing = all.filter((name) => !rows.has(name) && !WITHOUT_ROW.has(name));
  assert.deepEqual(missing, [], 'add rows in libs/testkit/src/differential/rows-*.ts');
  const idle = [...WITHOUT_ROW.keys()].filter((name) => rows.has(name) || !all.includes(name));
  assert.deepEqual(idle, [], 'listed without need');
});

test('WEIR_DIFF_ONLY names groups; strings and keys come along seldom', () => {
  const only = selectOnly('list,zset');
  for (const row of [...rowGroups.list, ...rowGroups.zset]) assert.ok(only.rows.includes(row));
  assert.ok(only.rows.some(({ name, weight }) => name === 'rename' && weight! < 1));
  assert.deepEqual(selectOnly('connection!').rows, rowGroups.connection);
  assert.deepEqual(selectOnly('string!').types, ['string']);
  assert.throws(() => selectOnly('lists'), /groups are string, keys, list, .*; not lists/);
});

test('a sequence holds only rows of its server, and none whose comparison would be told of by another', () => {
  for (const [selection, oracle, probe] of [
    [allRows, 'redis', false],
    [dataRows, 'redis', true],
    [dataRows, 'valkey', true],
  ] as const) {
    for (let seed = 0; seed < 5; seed++) {
      for (const { row, compare } of generate(new Gen(seed), selection, { oracle, probe })) {
        assert.ok((row?.oracle ?? oracle) === oracle);
        assert.ok(probe || (compare !== 'pop' && compare !== 'random'));
      }
    }
  }
});

test('a seed gives one sequence, and no command in it is about a time that is near', () => {
  const rows = selectOnly('string,keys');
  const lines = (seed: number): string[] =>
    generate(new Gen(seed), rows, { steps: 2000 }).map(({ args }) => line(args));
  assert.deepEqual(lines(7), lines(7));
  assert.notDeepEqual(lines(7), lines(8));
  let times = 0;
  for (const text of [...lines(1), ...lines(2)]) {
    const match = /^(p?)(?:expire|setex) \S+ (-?\d+)(?= |$)|^(?:set|getex) .* (p)?e?x (-?\d+)(?= |$)/i.exec(text);
    if (match === null) continue;
    const ms = Number(match[2] ?? match[4]) * (match[1] || match[3] ? 1 : 1000);
    assert.ok(ms <= 0 || ms >= 500_000, text);
    times++;
  }
  assert.ok(times > 100);
});

test('every known difference has a reason and a rule', () => {
  for (const { commands, reason, explains, avoids } of differences) {
    assert.ok(commands.length > 0 && reason.length > 20 && (explains ?? avoids) !== undefined, commands.join());
  }
});

const SEQUENCES_MAX = 300;

/** The rows of a group that no request of many sequences about it made succeed, with a request of each. */
function rowsInVain(group: GroupName): string[] {
  const left = new Map<CommandRow, string>(
    rowGroups[group].filter(({ refused }) => refused === undefined).map((row) => [row, row.name]),
  );
  // DEBUG HTSTATS-KEY wants a hash table.
  const selection = selectOnly(group === 'server' ? 'server,hash' : group);
  const config = { 'enable-debug-command': 'yes', 'proto-max-bulk-len': '1048576' };
  for (let i = 0; left.size > 0 && i < SEQUENCES_MAX; i++) {
    const oracle = i % 2 === 0 ? 'redis' : 'valkey';
    const engine = new TestEngine({ config, debug: false, reserveBytes: 256 * 1024 ** 2 });
    const sessions = [engine.session(2), engine.session(3)];
    for (const { connection, args, row } of generate(new Gen(i), selection, { oracle })) {
      const { session } = sessions[connection];
      if (!engine.sessions.has(session.id)) sessions[connection] = engine.session(2);
      const reply = sessions[connection].call(...args);
      if (row === undefined || !left.has(row)) continue;
      if (isError(reply)) left.set(row, `${line(args)}: ${show(reply)}`);
      else left.delete(row);
    }
  }
  return [...left.values()];
}

for (const group of Object.keys(rowGroups) as GroupName[]) {
  test(`every row of ${group} succeeds at some time`, () => {
    assert.deepEqual(rowsInVain(group), [], 'repair them, or say why they are `refused`');
  });
}
