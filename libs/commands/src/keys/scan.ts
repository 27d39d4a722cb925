import { keyAddress, keyLength, typeNamed, typeOf } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { printable } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { cursorArg, isStar, matchesArg, parseScanOptions, scanOptions } from '../core/scan.ts';

export const keys: Command = {
  name: 'keys',
  arity: 2,
  flags: ['readonly', 'whole_keyspace'],
  acl: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  docs: {
    summary: 'Find all keys matching the given pattern',
    since: '1.0.0',
    group: 'generic',
    complexity:
      'O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.',
    arguments: [{ name: 'pattern', type: 'pattern' }],
  },
  run(ctx, req) {
    const { reply, arena } = ctx;
    const all = isStar(req, 1);
    const mark = reply.beginAggregate();
    let count = 0;
    ctx.db.keys.forEach((ref) => {
      if ((all || matches(ctx, ref, 1)) && !ctx.isExpired(ref)) {
        reply.bulk(arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
        count++;
      }
    });
    reply.endAggregate(mark, 'array', count);
  },
};

export const scan: Command = {
  name: 'scan',
  arity: -2,
  flags: ['readonly', 'whole_keyspace'],
  tips: ['nondeterministic_output', 'request_policy:special'],
  docs: {
    summary: 'Incrementally iterate the keys space',
    since: '2.8.0',
    group: 'generic',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    arguments: [
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
      { name: 'type', type: 'string', token: 'TYPE', since: '6.0.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply, arena, db } = ctx;
    let cursor = cursorArg(ctx, 1);
    if (cursor < 0 || !parseScanOptions(ctx, 2, true)) return;
    const { count, pattern, type: typeArg } = scanOptions;
    // -1 is a type that no key has; Redis 7 does not refuse unknown names.
    const type = typeArg === 0 ? -2 : typeNamed(printable(req, typeArg).toLowerCase());

    const found: Ref[] = [];
    const stepsMax = count * 10;
    let steps = 0;
    do {
      cursor = db.keys.scan(cursor, found);
      steps++;
    } while (cursor !== 0 && steps <= stepsMax && found.length < count);

    reply.array(2);
    reply.bulkLatin1(String(cursor));
    const mark = reply.beginAggregate();
    let sent = 0;
    for (const ref of found) {
      if (pattern !== 0 && !matches(ctx, ref, pattern)) continue;
      if (ctx.isExpired(ref)) {
        if (ctx.role.ownsExpiry && ctx.role.paused === 'nothing') ctx.expire(db, db.keys.hashOf(ref), ref);
        continue;
      }
      if (type !== -2) {
        ctx.stats.keyspaceHits++; // as in Redis, where this is a lookup
        if (typeOf(arena, ref) !== type) continue;
      }
      reply.bulk(arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
      sent++;
    }
    reply.endAggregate(mark, 'array', sent);
  },
};

export const randomkey: Command = {
  name: 'randomkey',
  arity: 1,
  flags: ['readonly', 'whole_keyspace'],
  tips: ['request_policy:all_shards', 'nondeterministic_output'],
  docs: {
    summary: 'Return a random key from the keyspace',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
  },
  run(ctx) {
    const { db, arena } = ctx;
    for (let tries = 1; db.keys.size > 0; tries++) {
      const ref = db.keys.random(ctx.keyspace.random.u32);
      // A slave cannot remove what has expired, nor can anybody while clients are paused: when all keys have, it would never find another.
      const keepsExpired = ctx.role.isSlave || ctx.role.paused !== 'nothing';
      if (ctx.isExpired(ref) && !(keepsExpired && db.expires.size === db.keys.size && tries > 100)) {
        if (ctx.role.ownsExpiry && ctx.role.paused === 'nothing') ctx.expire(db, db.keys.hashOf(ref), ref);
        continue;
      }
      ctx.reply.bulk(arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
      return;
    }
    ctx.reply.nil();
  },
};

export const dbsize: Command = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast', 'whole_keyspace'],
  acl: ['keyspace'],
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  docs: {
    summary: 'Return the number of keys in the selected database',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(1)',
  },
  run(ctx) {
    ctx.reply.int(ctx.db.keys.size);
  },
};

function matches(ctx: Context, ref: Ref, i: number): boolean {
  const { req, arena } = ctx;
  return matchesArg(req, i, arena.u8, keyAddress(arena, ref), keyLength(arena, ref));
}
