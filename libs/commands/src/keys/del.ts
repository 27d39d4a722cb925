import { lruOf, setLru, typeName, typeOf } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { peekRead } from './lookup.ts';

export const del: Command = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keySpecs: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  docs: {
    summary: 'Delete a key',
    since: '1.0.0',
    group: 'generic',
    complexity:
      'O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx) {
    remove(ctx, ctx.keyspace.lazyfree.lazyfreeLazyUserDel);
  },
};

export const unlink: Command = {
  name: 'unlink',
  arity: -2,
  flags: ['write', 'fast'],
  keySpecs: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  docs: {
    summary: 'Delete a key asynchronously in another thread. Otherwise it is just as DEL, but non blocking.',
    since: '4.0.0',
    group: 'generic',
    complexity:
      'O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx) {
    remove(ctx, true);
  },
};

function remove(ctx: Context, later: boolean): void {
  const argc = ctx.req.argc;
  let removed = 0;
  for (let i = 1; i < argc; i++) {
    const ref = ctx.find(i);
    if (ref === 0) continue;
    ctx.removeEntry(i, ref, later);
    removed++;
  }
  if (removed > 0) ctx.propagate(removed);
  ctx.reply.int(removed);
}

export const exists: Command = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keySpecs: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  docs: {
    summary: 'Determine if a key exists',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(N) where N is the number of keys to check.',
    history: [['3.0.3', 'Accepts multiple `key` arguments.']],
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    let found = 0;
    for (let i = 1; i < req.argc; i++) if (peekRead(ctx, i) !== 0) found++;
    ctx.reply.int(found);
  },
};

export const touch: Command = {
  name: 'touch',
  arity: -2,
  flags: ['readonly', 'fast'],
  keySpecs: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  docs: {
    summary: 'Alters the last access time of a key(s). Returns the number of existing keys specified.',
    since: '3.2.1',
    group: 'generic',
    complexity: 'O(N) where N is the number of keys that will be touched.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    let found = 0;
    for (let i = 1; i < req.argc; i++) {
      const ref = peekRead(ctx, i);
      if (ref === 0) continue;
      found++;
      // Not ctx.touch: CLIENT NO-TOUCH does not hold for the command whose whole purpose it is.
      setLru(ctx.arena, ref, ctx.keyspace.recency.touched(lruOf(ctx.arena, ref), ctx.now));
    }
    ctx.reply.int(found);
  },
};

export const type: Command = {
  name: 'type',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Determine the type stored at key',
    since: '1.0.0',
    group: 'generic',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = peekRead(ctx, 1);
    ctx.reply.simple(ref === 0 ? 'none' : typeName(typeOf(ctx.arena, ref)));
  },
};
