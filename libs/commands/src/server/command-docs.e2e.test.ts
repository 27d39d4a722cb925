import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ReplyParser } from '@weir/resp';
import type { Reply } from '@weir/resp';
import { RawConnection, startRealRedis } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { TestEngine, latin1 } from '../testing.ts';

// What Weir says of its commands is what Redis 7.0.15 says of them, byte for byte, but for these.

const NOT_IN_REDIS_7_0 = new Map([
  ['client|no-touch', 'Redis 7.2'],
  ['client|setinfo', 'Redis 7.2'],
  ['waitaof', 'Redis 7.2'],
  ['weir', "Weir's own"],
  ['weir|digest', "Weir's own"],
  ['weir|handshake', "Weir's own"],
  ['weir|help', "Weir's own"],
  ['weir|position', "Weir's own"],
]);

const NOT_IN_WEIR = new Map([
  ['acl|deluser', 'one user'],
  ['acl|dryrun', 'one user'],
  ['acl|genpass', 'one user'],
  ['acl|load', 'one user'],
  ['acl|log', 'one user'],
  ['acl|save', 'one user'],
  ['acl|setuser', 'one user'],
  ['client|caching', 'no tracking'],
  ['client|getredir', 'no tracking'],
  ['client|pause', 'not built yet'],
  ['client|tracking', 'no tracking'],
  ['client|trackinginfo', 'no tracking'],
  ['client|unpause', 'not built yet'],
  ['module|load', 'no modules'],
  ['module|loadex', 'no modules'],
  ['module|unload', 'no modules'],
  ['monitor', 'not built yet'],
  ['psync', 'the replication app will speak it'],
  ['replconf', 'the replication app will speak it'],
  ['sync', 'the replication app will speak it'],
]);

const engine = new TestEngine();
const names = engine.ctx.table.all.flatMap((entry) => [
  entry.fullName,
  ...entry.subcommands.map((sub) => sub.fullName),
]);
const inBoth = names.filter((name) => !NOT_IN_REDIS_7_0.has(name));

let redis: RealRedis;
before(async () => {
  redis = await startRealRedis();
});
after(() => redis.stop());

for (const resp of [2, 3] as const) {
  for (const what of ['INFO', 'DOCS']) {
    test(`COMMAND ${what} of every command is that of Redis 7.0.15, RESP${resp}`, async () => {
      const theirs = await RawConnection.connect(redis.port);
      await theirs.call('HELLO', resp);
      const ours = engine.session(resp);
      for (const name of inBoth) {
        const expected = await theirs.call('COMMAND', what, name);
        const actual = ours.call('COMMAND', what, name);
        if (isContainer(name)) assert.deepEqual(withoutSubcommands(actual), withoutSubcommands(expected), name);
        else assert.equal(latin1(actual), latin1(expected), name);
      }
      theirs.close();
    });
  }
}

test('commands of the groups connection and server are all there, but for those listed', async () => {
  const theirs = await RawConnection.connect(redis.port);
  await theirs.call('HELLO', 3);
  const docs = parse(await theirs.call('COMMAND', 'DOCS'));
  const missing: string[] = [];
  const look = (reply: Reply): void => {
    for (const [name, fields] of mapOf(reply)) {
      const group = text(mapOf(fields).find(([field]) => field === 'group')?.[1]);
      if ((group === 'connection' || group === 'server') && !names.includes(name)) missing.push(name);
      const subcommands = mapOf(fields).find(([field]) => field === 'subcommands');
      if (subcommands !== undefined && names.includes(name)) look(subcommands[1]);
    }
  };
  look(docs);
  theirs.close();
  assert.deepEqual(missing.sort(), [...NOT_IN_WEIR.keys()].sort());
  for (const name of NOT_IN_REDIS_7_0.keys()) assert.ok(names.includes(name), `${name} is listed and not there`);
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
  ];
  for (const request of requests) {
    for (const subcommand of ['GETKEYS', 'GETKEYSANDFLAGS']) {
      const args = ['COMMAND', subcommand, ...request.split(' ')];
      assert.equal(latin1(engine.call(...args)), latin1(await theirs.call(...args)), args.join(' '));
    }
  }
  theirs.close();
});

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
