import { TYPE_STRING, events, typeOf } from '@weir/keyspace';
import { ArenaFullError } from '@weir/memory';
import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { storeArg } from '../core/strings.ts';

export const mget: Command = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keySpecs: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  tips: ['request_policy:multi_shard'],
  docs: {
    summary: 'Get the values of all the given keys',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0, flags: ['multiple'] }],
  },
  run(ctx, req) {
    const reply = ctx.reply;
    reply.array(req.argc - 1);
    for (let i = 1; i < req.argc; i++) {
      const ref = ctx.lookupRead(i);
      if (ref === 0 || typeOf(ctx.arena, ref) !== TYPE_STRING) reply.nil();
      else ctx.replyString(ref);
    }
  },
};

export const mset: Command = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  docs: {
    summary: 'Set multiple keys to multiple values',
    since: '1.0.1',
    group: 'string',
    complexity: 'O(N) where N is the number of keys to set.',
    arguments: [
      {
        name: 'key_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'key', type: 'key', keySpec: 0 },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (!pairs(ctx, req)) return;
    setAll(ctx, req);
    ctx.reply.ok();
  },
};

export const msetnx: Command = {
  name: 'msetnx',
  arity: -3,
  flags: ['write', 'denyoom'],
  keySpecs: [{ flags: ['OW', 'insert'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
  docs: {
    summary: 'Set multiple keys to multiple values, only if none of the keys exist',
    since: '1.0.1',
    group: 'string',
    complexity: 'O(N) where N is the number of keys to set.',
    arguments: [
      {
        name: 'key_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'key', type: 'key', keySpec: 0 },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx, req) {
    if (!pairs(ctx, req)) return;
    for (let i = 1; i < req.argc; i += 2) {
      if (ctx.lookupWrite(i) !== 0) {
        ctx.reply.int(0);
        return;
      }
    }
    setAll(ctx, req);
    ctx.reply.int(1);
  },
};

function pairs(ctx: Context, req: Request): boolean {
  if (req.argc % 2 === 1) return true;
  const name = ctx.table.find(req.buf, req.args[0], req.args[1])?.fullName ?? '';
  ctx.reply.error(`ERR wrong number of arguments for '${name}' command`);
  return false;
}

/**
 * Sets every pair. When the arena fills up on the way, what was set by then stays and is logged as what it is: taking it
 * back would need memory too.
 */
function setAll(ctx: Context, req: Request): void {
  let i = 1;
  try {
    for (; i < req.argc; i += 2) {
      const ref = ctx.lookupWrite(i);
      storeArg(ctx, events.SET, ref, i, i + 1, false);
    }
  } catch (error) {
    if (error instanceof ArenaFullError && i > 1) ctx.propagateFirst(i, (i - 1) / 2);
    throw error;
  }
  ctx.propagate((req.argc - 1) / 2);
}
