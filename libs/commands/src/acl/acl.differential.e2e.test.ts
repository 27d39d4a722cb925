// Rules made at random: Redis 7.0.15 and Weir take and refuse the same ones, tell the same of the user, and let him do the same.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { RawConnection, startRealRedis } from '@weir/testkit';
import type { RealRedis } from '@weir/testkit';
import { ACL_CATEGORIES } from '../core/categories.ts';
import { TestEngine, latin1 } from '../testing.ts';

let redis: RealRedis;
let theirs: RawConnection;
before(async () => {
  redis = await startRealRedis();
  theirs = await RawConnection.connect(redis.port);
});
after(async () => {
  theirs.close();
  await redis.stop();
});

const COMMANDS = [
  ...[
    'get',
    'set',
    'del',
    'mget',
    'lpush',
    'config',
    'config|get',
    'client',
    'client|list',
    'select',
    'publish',
    'cluster',
  ],
  ...[
    'cluster|info',
    'monitor',
    'subscribe',
    'psubscribe',
    'eval',
    'sort',
    'acl|cat',
    'acl',
    'debug',
    'function',
    'nosuch',
  ],
  ...['config|nosuch', 'object', 'xread', 'georadius', 'flushall'],
];
const command = fc.constantFrom(...COMMANDS).map((name) => (name.length % 3 === 0 ? name.toUpperCase() : name));
const pattern = fc.oneof(
  fc.constantFrom('*', 'a*', 'a', 'b?', '[ab]', 'k:*', '', 'a b', 'é'),
  fc.string({ maxLength: 3 }).filter((text) => /^[ -~]*$/.test(text)),
);
const category = fc.constantFrom(...ACL_CATEGORIES, 'all', 'ALL', 'nosuch', '');
const hash = fc.constantFrom('0'.repeat(64), 'a'.repeat(64), 'A'.repeat(64), '12');

const selectorRule = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('+', '-'), command).map(([sign, name]) => sign + name) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('+@', '-@'), category).map(([sign, name]) => sign + name) },
  fc.tuple(command, fc.constantFrom('0', 'x', 'X', '')).map(([name, arg]) => `+${name}|${arg}`),
  { weight: 2, arbitrary: pattern.map((text) => `~${text}`) },
  fc
    .tuple(fc.constantFrom('%R~', '%W~', '%RW~', '%wr~', '%~', '%RR~', '%x~', '%R'), pattern)
    .map((parts) => parts.join('')),
  { weight: 2, arbitrary: pattern.map((text) => `&${text}`) },
  fc.constantFrom('allkeys', 'resetkeys', 'allchannels', 'resetchannels', 'allcommands', 'NoCommands', '~*', '&*'),
);
const rule = fc.oneof(
  { weight: 8, arbitrary: selectorRule },
  fc.constantFrom('on', 'off', 'nopass', 'resetpass', 'reset', 'RESET', 'clearselectors', '', ')', 'x', '('),
  fc.constantFrom('sanitize-payload', 'skip-sanitize-payload', '>pw', '>', '<pw', '>other', '<other'),
  fc.tuple(fc.constantFrom('#', '!'), hash).map((parts) => parts.join('')),
  fc.array(selectorRule, { maxLength: 4 }).map((rules) => `(${rules.join(' ')})`),
  fc.array(selectorRule, { maxLength: 2 }).map((rules) => `(${rules.join(' ')}`),
);

const REQUESTS: readonly (readonly string[])[] = [
  ...[
    'get a',
    'get k:1',
    'set a 1',
    'set a 1 get',
    'del a b',
    'mget a k:1',
    'mset a 1 b 2',
    'lpush b 1',
    'config get x',
  ],
  ...[
    'config set a b',
    'client list',
    'select 0',
    'select 1',
    'publish a x',
    'publish b x',
    'spublish a x',
    'subscribe a b',
  ],
  ...[
    'psubscribe a*',
    'psubscribe *',
    'ssubscribe k:1',
    'unsubscribe a',
    'eval x 2 a b',
    'eval x 0',
    'sort a',
    'sort a store b',
  ],
  ...[
    'georadius a 1 1 1 m store b',
    'xread streams a b 0 0',
    'bitfield a get u8 0',
    'bitfield a set u8 0 1',
    'auth x',
    'hello',
  ],
  ...[
    'copy a b',
    'rename b a',
    'smove a b x',
    'lmpop 2 a b left',
    'zunionstore a 2 b k:1',
    'migrate h 1 a 0 1',
    'object encoding a',
  ],
  ...[
    'migrate h 1 "" 0 1 keys a b',
    'touch a b',
    'watch a',
    'acl whoami',
    'acl cat',
    'debug sleep 0',
    'flushall',
    'nosuch',
  ],
  ...[
    'get',
    'config',
    'memory usage a',
    'xgroup create a g 0',
    'blpop a b 0',
    'sort_ro a',
    'exists b',
    'getdel a',
    'strlen a',
  ],
].map((line) => line.split(' ').map((word) => (word === '""' ? '' : word)));

/** Commands that Redis 7.0 does not have. */
const LATER = /^[+-](waitaof|client\|setinfo|client\|no-touch|weir)/;

/** Single commands have no order in Redis; and what is later, or Weir's, is left out, so that lengths tell nothing. */
function sorted(reply: Uint8Array): string {
  return latin1(reply)
    .replace(/\$\d+\r\n/g, '')
    .replace(/[+-]@all[^\r\n()]*/g, (text) => {
      const rules = text.trimEnd().split(' ');
      const named = rules.filter((one) => !one.includes('@') && !LATER.test(one)).sort();
      return [...rules.filter((one) => one.includes('@')), ...named].join(' ') + (text.endsWith(' ') ? ' ' : '');
    });
}

test('users that are made at random are the same in Redis', async () => {
  const user = fc.array(fc.array(rule, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(user, async (steps) => {
      const engine = new TestEngine();
      await theirs.call('ACL', 'DELUSER', 'u');
      const same = async (...args: string[]): Promise<void> => {
        const words = args.map((arg) => Buffer.from(arg, 'latin1'));
        const expected = sorted(await theirs.call(...words));
        assert.equal(sorted(engine.call(...words)), expected, args.join(' '));
      };
      for (const rules of steps) await same('ACL', 'SETUSER', 'u', ...rules);
      await same('ACL', 'GETUSER', 'u');
      await same('ACL', 'LIST');
      for (const request of REQUESTS) await same('ACL', 'DRYRUN', 'u', ...request);
    }),
    { numRuns: 60 },
  );
});
