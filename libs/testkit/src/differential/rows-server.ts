import { allCommands } from '@weir/commands';
import type { Gen, Grammar } from './grammar.ts';
import { integer, key, literal, many, mutate, oneOf, opt, options, pattern, seq, text, word } from './grammar.ts';
import { sameCalls, sameInfo, sameNames, sameObject, sameSlowlog, sameTime } from './masks.ts';
import { bitmapRows } from './rows-bitmap.ts';
import { configRows } from './rows-config.ts';
import { geoRows } from './rows-geo.ts';
import { hashRows } from './rows-hash.ts';
import { hllRows } from './rows-hll.ts';
import { keyRows } from './rows-keys.ts';
import { listRows } from './rows-list.ts';
import { setRows } from './rows-set.ts';
import { sortRows } from './rows-sort.ts';
import { streamRows } from './rows-stream.ts';
import { stringRows } from './rows-string.ts';
import { zsetRows } from './rows-zset.ts';
import type { CommandRow } from './rows.ts';

const bytes = (name: string): Uint8Array => Buffer.from(name, 'latin1');

/** Of containers only subcommands: the list in theirs is shorter than Redis's. Without what Redis 7.2 added or changed. */
const NAMES = allCommands
  .flatMap(({ name, subcommands = [] }) =>
    subcommands.length === 0 ? [name] : subcommands.map((sub) => `${name}|${sub.name}`),
  )
  .filter(
    (name) => !/^(waitaof|weir\|.*|client\|(setinfo|no-touch)|z(rev)?rank|xinfo\|(consumers|stream))$/.test(name),
  );

const commandName: Grammar = (g) => {
  const name = g.chance(0.9) ? g.pick(NAMES) : g.pick(['nosuch', '', 'get|x', 'config|nosuch', 'config|get|x', '|']);
  return [bytes(g.chance(0.8) ? name : name.toUpperCase())];
};

const requests = [
  stringRows,
  keyRows,
  listRows,
  hashRows,
  setRows,
  zsetRows,
  streamRows,
  bitmapRows,
  hllRows,
  geoRows,
  sortRows,
]
  .flat()
  .filter(({ oracle }) => oracle !== 'valkey');
const request: Grammar = (g: Gen) => {
  const row = g.pick(requests);
  return mutate(g, [bytes(row.name), ...row.args(g)]);
};

const category = oneOf(
  literal('string', 'keyspace', 'read', 'write', 'admin', 'dangerous', 'connection', 'fast', 'slow', 'blocking'),
  literal('STRING', 'set', 'pubsub', 'nosuch', '', '@read'),
);

const section = literal(
  ...['server', 'clients', 'memory', 'persistence', 'stats', 'replication', 'cpu', 'modules', 'errorstats'],
  ...['commandstats', 'commandstats', 'stats', 'latencystats', 'cluster', 'keyspace', 'Keyspace', 'nosuch', ''],
  ...['default', 'all', 'everything'],
);

const PROTOCOLS = ['string', 'integer', 'double', 'bignum', 'null', 'array', 'set', 'map', 'attrib', 'push'];

const unknown = seq(literal('nosuch', '', 'x y', 'a\r\nb', 'x'.repeat(150)), opt(text));
const containers = ['acl', 'command', 'config', 'latency', 'memory', 'module', 'object', 'slowlog'];

export const serverRows: readonly CommandRow[] = [
  ...configRows,
  { name: 'config', args: word('RESETSTAT'), weight: 0.3 },
  { name: 'config', args: word('REWRITE'), weight: 0.1, refused: 'there is no file' },
  { name: 'command', args: seq(oneOf(word('INFO'), word('DOCS')), many(1, 3, commandName)), weight: 2, fixed: true },
  { name: 'command', args: seq(oneOf(word('GETKEYS'), word('GETKEYSANDFLAGS')), request), weight: 3 },
  { name: 'command', args: seq(oneOf(word('GETKEYS'), word('GETKEYSANDFLAGS')), commandName, many(0, 3, key)) },
  {
    name: 'command',
    args: seq(
      word('LIST'),
      opt(
        word('FILTERBY'),
        oneOf(
          seq(word('ACLCAT'), category),
          seq(word('PATTERN'), oneOf(pattern, literal('*get*', 'config|*', 'CLIENT|l*', 'x*'))),
          seq(word('MODULE'), text),
          seq(word('NOSUCH'), text),
        ),
      ),
    ),
    // without LIST it would be about all commands
    fixed: true,
    compare: sameNames,
    weight: 2,
  },
  { name: 'command', args: opt(word('COUNT')), weight: 0.3 },
  { name: 'acl', args: oneOf(word('WHOAMI'), word('LIST'), word('USERS')) },
  { name: 'acl', args: seq(word('CAT'), opt(category)), compare: sameNames },
  { name: 'acl', args: seq(word('GETUSER'), literal('default', 'nobody', '')) },
  { name: 'acl', args: word('HELP') },
  { name: 'acl', args: seq(word('DRYRUN'), literal('default', 'nobody'), request), weight: 2 },
  { name: 'acl', args: seq(word('DELUSER'), literal('default', 'nobody', '')), weight: 0.3 },
  {
    name: 'acl',
    args: seq(word('GENPASS'), opt(literal(1, 8, 256, 0, 4097, -1, 'x', ''))),
    compare: 'kind',
    weight: 0.3,
  },
  { name: 'acl', args: seq(word('LOG'), literal('RESET', 'x', 0, -1)), weight: 0.3 },
  { name: 'acl', args: word('LOAD'), weight: 0.2, refused: 'there is no file' },
  { name: 'acl', args: word('SAVE'), weight: 0.2, refused: 'there is no file' },
  // One that changes nothing: acl.differential.e2e.test.ts has the others.
  {
    name: 'acl',
    args: seq(word('SETUSER'), literal('default', 'a b'), opt(literal('', '+nosuch', '~a', ')'))),
    weight: 0.3,
  },
  { name: 'info', args: many(0, 3, section), compare: sameInfo, weight: 3 },
  { name: 'time', args: () => [], compare: sameTime },
  { name: 'lastsave', args: () => [], compare: 'kind' },
  { name: 'role', args: () => [] },
  { name: 'debug', args: seq(word('OBJECT'), key), compare: sameObject, weight: 2 },
  { name: 'debug', args: word('DIGEST'), weight: 2 },
  { name: 'debug', args: seq(word('DIGEST-VALUE'), many(0, 3, key)), weight: 2 },
  { name: 'debug', args: seq(word('SET-ACTIVE-EXPIRE'), literal(0, 'x', '')), fixed: true },
  {
    name: 'debug',
    args: seq(word('PROTOCOL'), literal(...PROTOCOLS, 'verbatim', 'true', 'false', 'x', '')),
    weight: 2,
  },
  {
    name: 'debug',
    args: seq(word('ERROR'), oneOf(text, literal('', 'MY error', 'a\r\nb', '-x', ' x', 'a\x00b'))),
    refused: 'it answers an error',
  },
  { name: 'debug', args: seq(word('SLEEP'), literal(0, 'x', '-1', '', '0.0001')), fixed: true, weight: 0.3 },
  { name: 'debug', args: seq(word('LOG'), text), weight: 0.3 },
  { name: 'debug', args: seq(word('LEAK'), text), weight: 0.3 },
  { name: 'debug', args: seq(word('SET-DISABLE-DENY-SCRIPTS'), literal(0)), weight: 0.2 },
  {
    name: 'debug',
    args: seq(word('QUICKLIST-PACKED-THRESHOLD'), literal('100b', '1gb', '4gb', '5gb', 'x', '')),
    weight: 0.3,
  },
  { name: 'debug', args: seq(word('HTSTATS-KEY'), literal('h1', 'h2', 'a')), weight: 0.3, compare: 'kind' },
  {
    name: 'debug',
    args: seq(
      word('POPULATE'),
      literal(0, 1, 5, -1, 'x', ''),
      opt(oneOf(key, literal('p')), opt(literal(0, 3, 20, 100, -1, 'x'))),
    ),
    fixed: true,
    weight: 0.5,
  },
  {
    name: 'debug',
    args: seq(literal('nosuch', '', 'object', 'protocol', 'digest', 'a\r\nb'), opt(many(0, 3, text))),
    compare: sameObject,
    fixed: true,
  },
  { name: 'memory', args: seq(word('USAGE'), key), compare: 'kind' },
  {
    name: 'memory',
    args: seq(word('USAGE'), key, options(seq(word('SAMPLES'), oneOf(literal(0, 5), integer)), text)),
    compare: 'kind',
  },
  { name: 'memory', args: oneOf(word('DOCTOR'), word('MALLOC-STATS')), compare: 'kind', weight: 0.3 },
  { name: 'memory', args: word('PURGE'), weight: 0.1 },
  {
    name: 'slowlog',
    args: seq(word('GET'), opt(literal(-1, 0, 1, 5, 200, -2, 'x', '', '9223372036854775807'))),
    compare: sameSlowlog,
    weight: 3,
  },
  { name: 'slowlog', args: oneOf(word('LEN'), word('LEN'), word('RESET')), weight: 2 },
  { name: 'latency', args: oneOf(word('LATEST'), seq(word('HISTORY'), text), seq(word('GRAPH'), text)) },
  { name: 'latency', args: seq(word('RESET'), many(0, 2, text)) },
  {
    name: 'latency',
    args: seq(word('HISTOGRAM'), many(1, 2, literal('nosuch', '', 'x', 'get', 'set', 'zadd', 'GET', 'xinfo|stream'))),
    fixed: true,
    compare: sameCalls,
  },
  { name: 'wait', fixed: true, args: literal(0, -1, 'x', ''), weight: 0.3, refused: 'too few arguments' },
  {
    name: 'replicaof',
    args: seq(literal('a', 'no', 'one'), literal('b', '', '-1', '65536', '99999999999999999999')),
    fixed: true,
    refused: 'it would become a slave',
  },
  { name: 'slaveof', args: oneOf(seq(text), seq(word('NO'), word('ONE')), seq(text, text, text)), fixed: true },
  { name: 'replicaof', args: many(0, 1, text), weight: 0.3, fixed: true, refused: 'too few arguments' },
  {
    name: 'failover',
    args: oneOf(() => [], word('ABORT'), seq(word('TIMEOUT'), literal('x', -1, 0, 1)), text),
    fixed: true,
    refused: 'it has no slave',
  },
  { name: 'shutdown', args: literal('x', '', 'abort', 'ABORT'), weight: 0.3, fixed: true, refused: 'it would end' },
  {
    name: 'shutdown',
    args: seq(word('ABORT'), oneOf(word('NOW'), word('FORCE'), word('SAVE'))),
    weight: 0.3,
    fixed: true,
    refused: 'it would end',
  },
  {
    name: 'bgsave',
    args: oneOf(literal('x', ''), seq(word('SCHEDULE'), text)),
    weight: 0.3,
    fixed: true,
    refused: 'there is no snapshot to make',
  },
  { name: 'save', args: text, weight: 0.2, fixed: true, refused: 'there is no snapshot to make' },
  { name: 'module', args: word('LIST'), weight: 0.3 },
  // HELP where there is nothing that only one side has
  { name: 'command', args: word('HELP'), weight: 0.2 },
  { name: 'memory', args: word('HELP'), weight: 0.2 },
  { name: 'slowlog', args: word('HELP'), weight: 0.2 },
  { name: 'latency', args: word('HELP'), weight: 0.2 },
  { name: 'object', args: word('HELP'), weight: 0.2 },
  { name: 'config', args: word('HELP'), weight: 0.2 },
  ...containers.flatMap((name): CommandRow[] => [
    { name, args: unknown, weight: 0.4, fixed: true, refused: 'no such subcommand' },
    { name, args: () => [], weight: name === 'command' ? 0 : 0.1, fixed: true, refused: 'no subcommand' },
  ]),
  ...['time', 'role', 'lastsave', 'dbsize', 'wait', 'config|get', 'debug'].map((name): CommandRow => {
    return { name, args: many(2, 4, text), weight: 0.1, fixed: true, refused: 'too many arguments' };
  }),
];
