import { latin1 } from '@weir/commands/testing';
import { sameButDoubles } from './replies.ts';
import { sameXinfo } from './masks-stream.ts';
import type { OracleName } from './rows.ts';

/**
 * Where Weir answers otherwise than Redis 7.0 on purpose, or because it cannot do better. Each is described in
 * docs/differences.md.
 */
export interface Difference {
  readonly commands: readonly string[];
  /** The server to which it applies; both if absent. */
  readonly oracle?: OracleName;
  readonly reason: string;
  /** Whether two replies that are not the same differ in this way. */
  readonly explains?: (args: readonly string[], redis: string, weir: string) => boolean;
  /** The data sets may differ afterwards: the sequence ends there. */
  readonly ends?: true;
  /** Requests after which the data sets would differ: they are not sent. */
  readonly avoids?: (args: readonly string[]) => boolean;
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export const differences: readonly Difference[] = [
  {
    commands: ['object'],
    reason:
      'Redis shares the objects of the integers 0 to 9999, so that OBJECT IDLETIME of one key tells when any such key was accessed, and OBJECT REFCOUNT is 1 after COPY of one. Here every key has its own time, and REFCOUNT of each such integer is 2147483647.',
    explains: (args, redis, weir) =>
      /^(idletime|refcount)$/i.test(args[1] ?? '') && /^:\d+\r\n$/.test(redis) && /^:\d+\r\n$/.test(weir),
  },
  {
    commands: ['ttl', 'pttl', 'expiretime', 'pexpiretime'],
    reason: 'Expire times later than 2^53 - 1 ms (in the year 287396) are cut to that.',
    explains(args, redis, weir) {
      const match = /^:(\d+)\r\n$/.exec(redis);
      if (match === null || !/^:\d+\r\n$/.test(weir)) return false;
      const seconds = args[0].toLowerCase().startsWith('p') ? 1n : 1000n;
      return BigInt(match[1]) * seconds >= SAFE_MAX - 10n ** 13n;
    },
  },
  {
    commands: ['command'],
    reason: 'COMMAND COUNT, and COMMAND of all commands: not all of them are there yet.',
    explains: (args, redis, weir) =>
      (args.length === 1 && redis[0] === '*' && weir[0] === '*') ||
      (/^count$/i.test(args[1] ?? '') && redis[0] === ':' && weir[0] === ':'),
  },
  {
    commands: ['command'],
    oracle: 'redis',
    reason: 'ZRANK and ZREVRANK take WITHSCORE, as since 7.2, so that COMMAND GETKEYS of them accepts a fourth word.',
    explains: (args, redis, weir) =>
      /^getkeys/i.test(args[1] ?? '') &&
      /^z(rev)?rank$/i.test(args[2] ?? '') &&
      args.length > 5 &&
      redis.startsWith('-ERR Invalid number of arguments') &&
      weir[0] === '*',
  },
  {
    commands: ['xadd'],
    oracle: 'redis',
    reason:
      'XADD with `ms-*` where that millisecond is used up: the error is that of an ID which is too small, not that of elements which are too large.',
    explains: (_args, redis, weir) =>
      redis === '-ERR Elements are too large to be stored\r\n' &&
      weir.startsWith('-ERR The ID specified in XADD is equal'),
  },
  {
    commands: ['xread', 'xreadgroup'],
    oracle: 'redis',
    reason:
      'As in Redis 7.2, an unbalanced list of streams is an error that names the command, and `>` for XREADGROUP.',
    explains: (_args, redis, weir) =>
      redis.startsWith('-ERR Unbalanced XREAD list') && weir.startsWith("-ERR Unbalanced 'xread"),
  },
  {
    commands: ['xread', 'xreadgroup'],
    oracle: 'valkey',
    reason: 'The ID `+`, for the last entry, came after Redis 7.2.',
    explains: (args, _redis, weir) => args.includes('+') && weir.startsWith('-ERR Invalid stream ID'),
  },
  {
    commands: ['xinfo'],
    reason:
      'XINFO STREAM: `radix-tree-nodes` counts the nodes of the tree that Weir keeps. As Redis 7.2, and not as 7.0, XINFO CONSUMERS has `inactive`, and XINFO STREAM … FULL the `active-time` of consumers.',
    explains: (_args, redis, weir) => sameXinfo(redis, weir),
  },
  {
    commands: ['bitcount', 'bitpos'],
    oracle: 'redis',
    reason:
      'As in Redis 7.2, the arguments are read before the key is looked for: an error in them is the answer where there is no key, or one of another type.',
    explains: (_args, redis, weir) => /^(:0|:-1|-WRONGTYPE .*)\r\n$/.test(redis) && weir.startsWith('-ERR '),
  },
  {
    commands: ['bitcount'],
    oracle: 'valkey',
    reason:
      'BITCOUNT needs an end where it has a start, and reads it before the unit: other rules came after Redis 7.2.',
    explains: (args, redis, weir) =>
      args.length === 3
        ? weir.startsWith('-ERR syntax error')
        : redis.startsWith('-ERR syntax error') && weir.startsWith('-ERR value is not an integer'),
  },
  {
    commands: ['debug'],
    reason: 'DEBUG HTSTATS-KEY has contents of its own, and small sets have no table since 7.2.',
    explains: (args, redis, weir) => {
      const known = /Hash table 0 stats|not represented using an hash table/;
      return /^htstats-key$/i.test(args[1] ?? '') && known.test(redis) && known.test(weir);
    },
  },
  {
    commands: ['waitaof'],
    reason:
      'The local part of WAITAOF is always 1: every acknowledged write is in the log. There is no AOF to switch on.',
    explains: (_args, redis, weir) =>
      weir === '*2\r\n:1\r\n:0\r\n' &&
      (redis === '*2\r\n:0\r\n:0\r\n' || /^-ERR WAITAOF cannot be used when numlocal is set/.test(redis)),
  },
  {
    commands: ['scan'],
    oracle: 'valkey',
    reason: 'Valkey 8 refuses SCAN with a TYPE that it does not know; Redis 7.2 finds no keys.',
    explains: (_args, redis) => redis.startsWith('-ERR unknown type name'),
  },
  {
    commands: ['scan', 'hscan', 'sscan', 'zscan'],
    oracle: 'valkey',
    reason:
      'Valkey 8 takes other spellings of a cursor than Redis 7.2: it refuses a sign or nothing, and skips spaces.',
    explains: (args, redis, weir) =>
      !/^[0-9]+$/.test(args[/^scan$/i.test(args[0]) ? 1 : 2] ?? '') &&
      (redis.startsWith('-ERR invalid cursor') || weir.startsWith('-ERR invalid cursor')),
  },
  {
    commands: ['restore'],
    oracle: 'valkey',
    reason:
      'A relative time to live that ends after the largest time overflows: in Redis 7.0 the key has expired, in this build of Valkey 8 it lives for ever.',
    avoids: (args) => /^\d{18,}$/.test(args[2] ?? ''),
  },
  {
    commands: ['object', 'xinfo', 'xgroup'],
    oracle: 'valkey',
    reason: 'Valkey 8 says "Print this help." in HELP texts; Redis says "Prints".',
    explains: (args, redis, weir) =>
      /^help$/i.test(args[1] ?? '') && redis.replace('    Print this', '    Prints this') === weir,
  },
  {
    commands: ['pfcount', 'pfmerge', 'pfadd', 'pfdebug'],
    oracle: 'valkey',
    reason:
      'Valkey 8.0.1 ignores what stands behind the last register of a sparse HyperLogLog; since its fix of 2025 Redis 7.0 refuses it, as here.',
    ends: true,
    explains: (_args, redis, weir) => weir.startsWith('-INVALIDOBJ') && !redis.startsWith('-INVALIDOBJ'),
  },
  {
    commands: ['pfselftest'],
    oracle: 'valkey',
    reason:
      'Where hll-sparse-max-bytes is too low for its test, the error begins with ERR in Valkey 8, not in Redis 7.0.',
    explains: (_args, redis, weir) => redis.replace('-ERR ', '-') === weir,
  },
  {
    commands: ['lset'],
    oracle: 'valkey',
    reason: 'Redis 7.2 and Valkey 8 cut the index of LSET to 32 bits, and so set an element that was not named.',
    avoids: (args) => /^-?\d{1,19}$/.test(args[2] ?? '') && BigInt(args[2]) !== BigInt.asIntN(32, BigInt(args[2])),
  },
  {
    commands: ['lrem'],
    oracle: 'valkey',
    reason: 'Valkey 8 refuses a count of -2^63; in Redis up to 7.2 it removes all, as here.',
    avoids: (args) => args[2] === '-9223372036854775808',
  },
  {
    commands: ['lpos'],
    oracle: 'redis',
    reason: 'A RANK of -2^63 is an error since Redis 7.2; 7.0 finds nothing.',
    explains: (args, _redis, weir) =>
      args.includes('-9223372036854775808') && weir.startsWith('-ERR value is out of range'),
  },
  {
    commands: ['zadd', 'zincrby'],
    reason:
      'A listpack knows -0 from 0 in Redis 7.0, since 7.2 it does not, and Valkey 8 converts before it adds what this depends on.',
    avoids: (args) => args.some((arg) => /^-(?:0+\.?0*|\.0+)(?:e.*)?$/i.test(arg)),
  },
  {
    commands: [
      ...['zadd', 'zincrby', 'zscore', 'zmscore', 'zrank', 'zrevrank', 'zrange', 'zrevrange', 'zrangebyscore'],
      ...['zrevrangebyscore', 'zunion', 'zinter', 'zdiff', 'zpopmin', 'zpopmax', 'zmpop', 'zrandmember', 'zscan'],
    ],
    oracle: 'valkey',
    reason:
      'Since 7.2 a double is printed with the fewest digits that name it (0.1); here as in Redis 7.0 (0.10000000000000001).',
    explains: (_args, redis, weir) => sameButDoubles(redis, weir),
  },
  {
    commands: ['zrange', 'zrangebyscore', 'zrevrangebyscore', 'zrangebylex', 'zrevrangebylex', 'zrangestore'],
    oracle: 'valkey',
    reason:
      'Valkey 8 finds something behind a negative offset of LIMIT in large sorted sets; Redis up to 7.2 nothing, as here.',
    avoids: (args) => args.some((arg, i) => /^limit$/i.test(arg) && /^-/.test(args[i + 1] ?? '')),
  },
  {
    commands: ['zadd', 'geoadd'],
    oracle: 'valkey',
    reason:
      'Valkey 8 looks at the lengths of all members of a request before it adds one, and changes the encoding for those that XX then leaves out; Redis 7.2 does not.',
    avoids: (args) => args.some((arg) => /^xx$/i.test(arg)),
  },
];

/** The difference that explains two replies which are not the same. */
export function knownDifference(
  args: readonly Uint8Array[],
  redis: Uint8Array,
  weir: Uint8Array,
  oracle: OracleName = 'redis',
): Difference | undefined {
  const name = latin1(args[0]).toLowerCase();
  for (const difference of differences) {
    if (!difference.commands.includes(name) || (difference.oracle ?? oracle) !== oracle) continue;
    if (difference.explains?.(args.map(latin1), latin1(redis), latin1(weir)) === true) return difference;
  }
  return undefined;
}

/** Whether a request is better not sent to that server. */
export function isAvoided(args: readonly Uint8Array[], oracle: OracleName): boolean {
  const name = latin1(args[0]).toLowerCase();
  return differences.some(
    (difference) =>
      difference.commands.includes(name) &&
      (difference.oracle ?? oracle) === oracle &&
      difference.avoids?.(args.map(latin1)) === true,
  );
}

/** Where the events of a request are others than Redis 7.0 publishes. Each is described in docs/differences.md. */
export interface EventDifference {
  readonly commands: readonly string[];
  readonly reason: string;
  readonly explains: (published: readonly string[], announced: readonly string[]) => boolean;
}

const isMiss = (event: string): boolean => event.startsWith('keymiss ');

export const eventDifferences: readonly EventDifference[] = [
  {
    commands: ['bitcount', 'bitpos', 'lpos'],
    reason: 'As in Redis 7.2, an error in the arguments is found before the key is looked for: there is no `keymiss`.',
    explains: (published, announced) => published.length === 1 && isMiss(published[0]) && announced.length === 0,
  },
  {
    commands: ['sort', 'sort_ro'],
    reason:
      'SORT of a set, and of a sorted set by weight, looks up what BY and GET name in another order of its members: so come the `keymiss` events.',
    explains: (published, announced) =>
      [...published].sort().join('\n') === [...announced].sort().join('\n') &&
      published.filter((event) => !isMiss(event)).join('\n') === announced.filter((event) => !isMiss(event)).join('\n'),
  },
];

export function knownEventDifference(
  args: readonly Uint8Array[],
  published: readonly string[],
  announced: readonly string[],
): boolean {
  const name = latin1(args[0]).toLowerCase();
  return eventDifferences.some(({ commands, explains }) => commands.includes(name) && explains(published, announced));
}
