import { latin1 } from '@weir/commands/testing';
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
  readonly explains: (args: readonly string[], redis: string, weir: string) => boolean;
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
    commands: ['latency'],
    reason: 'LATENCY HISTOGRAM is empty: most commands are not timed one by one.',
    explains: (args, redis, weir) =>
      /^histogram$/i.test(args[1] ?? '') && redis[0] === weir[0] && /^[*%]0\r\n$/.test(weir),
  },
];

export function knownDifference(
  args: readonly Uint8Array[],
  redis: Uint8Array,
  weir: Uint8Array,
  oracle: OracleName = 'redis',
): boolean {
  const name = latin1(args[0]).toLowerCase();
  for (const difference of differences) {
    if (!difference.commands.includes(name) || (difference.oracle ?? oracle) !== oracle) continue;
    if (difference.explains(args.map(latin1), latin1(redis), latin1(weir))) return true;
  }
  return false;
}
