import { SYNTAX_ERROR, intArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { flushDatabase, flushDatabases, swapDatabases } from '../core/entries.ts';

export const flushdb: Command = {
  name: 'flushdb',
  arity: -1,
  flags: ['write'],
  acl: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Remove all keys from the current database',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(N) where N is the number of keys in the selected database',
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      {
        name: 'async',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC', since: '4.0.0' },
          { name: 'sync', type: 'pure-token', token: 'SYNC', since: '6.2.0' },
        ],
      },
    ],
  },
  run(ctx) {
    const mode = flushMode(ctx);
    if (mode === WRONG) return;
    const keys = ctx.db.keys.size;
    flushDatabase(ctx, mode === LATER);
    finish(ctx, keys);
  },
};

export const flushall: Command = {
  name: 'flushall',
  arity: -1,
  flags: ['write'],
  acl: ['keyspace', 'dangerous'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Remove all keys from all databases',
    since: '1.0.0',
    group: 'server',
    complexity: 'O(N) where N is the total number of keys in all databases',
    history: [
      ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'],
      ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
    ],
    arguments: [
      {
        name: 'async',
        type: 'oneof',
        flags: ['optional'],
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC', since: '4.0.0' },
          { name: 'sync', type: 'pure-token', token: 'SYNC', since: '6.2.0' },
        ],
      },
    ],
  },
  run(ctx) {
    const mode = flushMode(ctx);
    if (mode === WRONG) return;
    const keys = ctx.keyspace.size;
    flushDatabases(ctx, mode === LATER);
    finish(ctx, keys);
  },
};

/** Answered with an error. */
const WRONG = 0;
const NOW = 1;
/** The memory is given back later. */
const LATER = 2;

function flushMode(ctx: Context): number {
  const req = ctx.req;
  if (req.argc === 1) return ctx.keyspace.lazyfree.lazyfreeLazyUserFlush ? LATER : NOW;
  if (req.argc === 2 && isWord(req, 1, 'sync')) return NOW;
  if (req.argc === 2 && isWord(req, 1, 'async')) return LATER;
  ctx.reply.error(SYNTAX_ERROR);
  return WRONG;
}

/** Logged even when there was nothing to remove, as in Redis: a replica that has gone astray is emptied all the same. */
function finish(ctx: Context, keys: number): void {
  ctx.propagate(Math.max(1, keys));
  ctx.reply.ok();
}

export const swapdb: Command = {
  name: 'swapdb',
  arity: 3,
  flags: ['write', 'fast'],
  acl: ['keyspace', 'dangerous'],
  docs: {
    summary: 'Swaps two Redis databases',
    since: '4.0.0',
    group: 'server',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    arguments: [
      { name: 'index1', type: 'integer' },
      { name: 'index2', type: 'integer' },
    ],
  },
  run(ctx) {
    const { keyspace, reply } = ctx;
    const a = intArg(ctx, 1, 'ERR invalid first DB index');
    if (a !== a) return;
    const b = intArg(ctx, 2, 'ERR invalid second DB index');
    if (b !== b) return;
    if (keyspace.dbs[a] === undefined || keyspace.dbs[b] === undefined) {
      reply.error('ERR DB index is out of range');
      return;
    }
    ctx.propagate();
    swapDatabases(ctx, a, b);
    reply.ok();
  },
};
