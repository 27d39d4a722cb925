// What Weir says of its commands is what Redis 7.0.15 says of them, byte for byte, but for what is listed here. What is newer
// is as Valkey 8.0 says, which continues Redis 7.2 (but Valkey says `primary` where Redis says `master`, and tells a
// `display_text` of each argument).

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ReplyParser } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { RawConnection, redisCommands, startOracle, startRealRedis, statusOf } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { TestEngine, latin1 } from '../testing.ts';
import type { TestSession } from '../testing.ts';

const SINCE_7_2 = ['client|no-touch', 'client|setinfo', 'waitaof'];
/** Redis 7.2 tells more of these, and of the first two another arity. */
const CHANGED_IN_7_2: Readonly<Record<string, 'arguments' | 'history'>> = {
  zrank: 'arguments',
  zrevrank: 'arguments',
  'xinfo|consumers': 'history',
  'xinfo|stream': 'history',
};

const engine = new TestEngine();
const names = engine.ctx.table.all.flatMap((entry) => [
  entry.fullName,
  ...entry.subcommands.map((sub) => sub.fullName),
]);
const isWeirs = (name: string): boolean => name === 'weir' || name.startsWith('weir|');
const inBoth = names.filter((name) => !isWeirs(name) && !SINCE_7_2.includes(name));

let redis: RealRedis;
let valkey: RealRedis;
before(async () => {
  redis = await startRealRedis();
  valkey = await startOracle('valkey');
});
after(() => Promise.all([redis.stop(), valkey.stop()]));

for (const resp of [2, 3] as const) {
  for (const what of ['INFO', 'DOCS']) {
    test(`COMMAND ${what} of every command is that of Redis 7.0.15, RESP${resp}`, async () => {
      const theirs = await RawConnection.connect(redis.port);
      await theirs.call('HELLO', resp);
      const ours = engine.session(resp);
      for (const name of inBoth.filter((name) => CHANGED_IN_7_2[name] === undefined)) {
        const expected = await theirs.call('COMMAND', what, name);
        const actual = ours.call('COMMAND', what, name);
        if (isContainer(name)) assert.deepEqual(withoutSubcommands(actual), withoutSubcommands(expected), name);
        else assert.equal(latin1(actual), latin1(expected), name);
      }
      theirs.close();
    });
  }
}

test('COMMAND INFO and DOCS of what Redis has since 7.2 are those of Valkey 8.0', async () => {
  const theirs = await RawConnection.connect(valkey.port);
  await theirs.call('HELLO', 3);
  const ours = engine.session(3);
  for (const name of [...SINCE_7_2, ...Object.keys(CHANGED_IN_7_2)]) {
    const [expected, actual] = await both(theirs, ours, 'INFO', name);
    assert.equal(latin1(actual), latin1(expected), name);
    const [docs, ourDocs] = (await both(theirs, ours, 'DOCS', name)).map((reply) => docsOf(reply, name));
    // What both versions tell is 7.0's here: other words, and other names of arguments.
    const changed = CHANGED_IN_7_2[name];
    const fields =
      changed === undefined ? ['summary', 'since', 'complexity', 'history', 'arguments'] : ['history', changed];
    for (const field of ['group', ...fields]) {
      assert.deepEqual(ourDocs.get(field), docs.get(field), `${name}, ${field}`);
    }
  }
  theirs.close();
});

test('every command of Redis 7.0.15 is there or absent for a reason', async () => {
  const theirs = await RawConnection.connect(redis.port);
  await theirs.call('HELLO', 3);
  const known = new Map(redisCommands.map((command) => [command.name, command]));
  const look = (reply: Reply): void => {
    for (const [name, fields] of mapOf(reply)) {
      const subcommands = mapOf(fields).find(([field]) => field === 'subcommands');
      if (subcommands !== undefined) look(subcommands[1]);
      if (subcommands !== undefined && name !== 'command') continue;
      const command = known.get(name);
      assert.ok(command !== undefined, `${name} is not in the list of Redis 7.2`);
      assert.equal(statusOf(command).kind === 'absent', !names.includes(name), name);
    }
  };
  look(parse(await theirs.call('COMMAND', 'DOCS')));
  theirs.close();
  for (const name of SINCE_7_2) assert.ok(names.includes(name), `${name} is listed and not there`);
});

test('ACL categories hold the commands that they hold in Redis', async () => {
  const theirs = await RawConnection.connect(redis.port);
  const ours = engine.session();
  const listOf = (bytes: Uint8Array): string[] => {
    const reply = parse(bytes);
    assert.ok(reply.type === 'array');
    return reply.value.map(text).sort();
  };
  const categories = listOf(await theirs.call('ACL', 'CAT'));
  assert.deepEqual(listOf(ours.call('ACL', 'CAT')), categories);
  const both = (list: string[]): string[] => list.filter((name) => inBoth.includes(name));
  for (const category of categories) {
    for (const args of [
      ['ACL', 'CAT', category],
      ['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', category],
    ]) {
      const expected = listOf(await theirs.call(...args));
      assert.deepEqual(both(listOf(ours.call(...args))), both(expected), args.join(' '));
    }
  }
  theirs.close();
});

test('key positions are those that Redis finds', async () => {
  const theirs = await RawConnection.connect(redis.port);
  const requests = [
    'get a',
    'set a b',
    'set a b get',
    'set a',
    'mset a b c d',
    'mset a b c',
    'msetnx a b c d',
    'lcs a b',
    'copy a b',
    'rename a b',
    'object freq a',
    'object|freq a',
    'memory usage a',
    'del a b c',
    'ping a',
    'config get a',
    'client list',
    'command getkeys get a',
    'nosuch a',
    'debug object a',
    'exists a a',
    'restore a 0 x',
    'lmpop 2 a b left',
    'lmpop 3 a b left',
    'lmpop x a b left',
    'rpoplpush a b',
    'lmove a b left right',
    'hset a f v',
    'smove a b m',
    'sintercard 2 a b limit 3',
    'sdiffstore a b c',
    'zunionstore d 2 a b weights 1 2',
    'zunionstore d 2 a',
    'zinter 2 a b',
    'zdiff 0 a',
    'zmpop 1 a min',
    'zrangestore d a 0 -1',
    'geosearchstore d a frommember m byradius 1 m',
    'georadius a 1 2 3 m store d',
    'georadius a 1 2 3 m storedist d store e',
    'georadiusbymember a m 3 m store d',
    'georadius_ro a 1 2 3 m',
    'pfmerge d a b',
    'pfcount a b',
    'bitop and d a b',
    'bitfield a get u8 0',
    'sort a by w_* get o_* store d',
    'sort a limit 0 1 store d store e',
    'sort a get store',
    'sort_ro a by w_*',
    'xadd a * f v',
    'xread count 2 streams a b 0 0',
    'xread streams a b 0',
    'xread count streams a 0',
    'xreadgroup group g c streams a >',
    'xreadgroup group streams c count 1 streams a >',
    'xgroup create a g $',
    'xinfo stream a full',
    'xclaim a g c 0 1-1',
    'migrate h 1 a 0 10',
    'migrate h 1 "" 0 10 keys a b',
    'migrate h 1 a 0 10 auth keys keys',
  ].filter((request) => names.includes(request.split(/[ |]/)[0]) || request.startsWith('nosuch'));
  for (const request of requests) {
    for (const subcommand of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      const args = ['COMMAND', subcommand, ...request.split(' ')];
      assert.equal(latin1(engine.call(...args)), latin1(await theirs.call(...args)), args.join(' '));
    }
  }
  theirs.close();
});

async function both(
  theirs: RawConnection,
  ours: TestSession,
  what: string,
  name: string,
): Promise<[expected: Uint8Array, actual: Uint8Array]> {
  return [await theirs.call('COMMAND', what, name), ours.call('COMMAND', what, name).slice()];
}

/** The fields of one command's DOCS, in Redis's words. */
function docsOf(bytes: Uint8Array, name: string): Map<string, unknown> {
  const plain = (reply: Reply): unknown => {
    if (reply.type === 'map') {
      const fields = reply.value.map(([field, value]): [string, unknown] => [text(field), plain(value)]);
      return fields.filter(([field]) => field !== 'display_text');
    }
    if (reply.type === 'array' || reply.type === 'set') return reply.value.map(plain);
    if (reply.type === 'bulk' || reply.type === 'simple') return text(reply).replaceAll('primary', 'master');
    return reply.value;
  };
  const [container, subcommand] = name.split('|');
  let fields = mapOf(mapOf(parse(bytes)).find(([key]) => key === name || key === container)![1]);
  if (subcommand !== undefined && fields.some(([field]) => field === 'subcommands')) {
    fields = mapOf(mapOf(fields.find(([field]) => field === 'subcommands')![1]).find(([key]) => key === name)![1]);
  }
  return new Map(fields.map(([field, value]) => [field, plain(value)]));
}

function isContainer(name: string): boolean {
  return engine.ctx.table.all.some((entry) => entry.fullName === name && entry.subcommands.length > 0);
}

/** Subcommands are compared one by one, and their order is that of a hash table in Redis. */
function withoutSubcommands(bytes: Uint8Array): unknown {
  const strip = (reply: Reply): unknown => {
    if (reply.type === 'map') {
      return reply.value
        .filter(([field]) => text(field) !== 'subcommands')
        .map(([field, value]) => [strip(field), strip(value)]);
    }
    if (reply.type === 'array' || reply.type === 'set') {
      const at = reply.value.findIndex((item) => text(item) === 'subcommands');
      const items = at < 0 ? reply.value : reply.value.slice(0, at); // RESP2's flat map; it is the last field
      return { type: reply.type, items: (items.length === 10 && at < 0 ? items.slice(0, 9) : items).map(strip) };
    }
    return reply;
  };
  return strip(parse(bytes));
}

function parse(bytes: Uint8Array): Reply {
  const parser = new ReplyParser();
  parser.feed(bytes);
  const reply = parser.next();
  assert.ok(reply !== undefined);
  return reply;
}

function mapOf(reply: Reply): [string, Reply][] {
  assert.ok(reply.type === 'map');
  return reply.value.map(([name, value]) => [text(name), value]);
}

function text(reply: Reply | undefined): string {
  return reply?.type === 'bulk' ? latin1(reply.value) : reply?.type === 'simple' ? reply.value : '';
}
