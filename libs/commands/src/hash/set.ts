import { events, hashes } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { dropIfEmpty, made, makeHash } from './common.ts';

export const hset: Command = {
  name: 'hset',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Set the string value of a hash field',
    since: '2.0.0',
    group: 'hash',
    complexity:
      'O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.',
    history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'field_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx) {
    const added = setPairs(ctx);
    if (added >= 0) ctx.reply.int(added);
  },
};

export const hmset: Command = {
  name: 'hmset',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Set multiple hash fields to multiple values',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the number of fields being set.',
    deprecatedSince: '4.0.0',
    replacedBy: '`HSET` with multiple field-value pairs',
    docFlags: ['deprecated'],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'field_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
  },
  run(ctx) {
    if (setPairs(ctx) >= 0) ctx.reply.ok();
  },
};

export const hsetnx: Command = {
  name: 'hsetnx',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Set the value of a hash field, only if the field does not exist',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
      { name: 'value', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = makeHash(ctx);
    if (ref < 0) return;
    const { buf, args } = req;
    if (hashes.has(ctx.space, ref, buf, args[4], args[5])) {
      ctx.reply.int(0);
      return;
    }
    try {
      hashes.set(ctx.space, ref, buf, args[4], args[5], buf, args[6], args[7]);
    } catch (error) {
      dropIfEmpty(ctx, ref);
      throw error;
    }
    ctx.announce(events.HSET, 1, made.value);
    ctx.propagate();
    ctx.reply.int(1);
  },
};

/** Sets all pairs of the request: how many fields are new; -1: answered. */
function setPairs(ctx: Context): number {
  const { req, space } = ctx;
  const { argc, buf, args } = req;
  if (argc % 2 === 1) {
    const name = ctx.table.find(buf, args[0], args[1])!.fullName;
    ctx.reply.error(`ERR wrong number of arguments for '${name}' command`);
    return -1;
  }
  const ref = makeHash(ctx);
  if (ref < 0) return -1;
  let added = 0;
  let i = 2;
  try {
    if (argc > 4) prepare(ctx, ref);
    for (; i < argc; i += 2) {
      const at = 2 * i;
      added += hashes.set(space, ref, buf, args[at], args[at + 1], buf, args[at + 2], args[at + 3]);
    }
  } catch (error) {
    // What was set stays set.
    if (i > 2) {
      ctx.announce(events.HSET, 1, made.value);
      ctx.propagateFirst(i, (i - 2) / 2);
    } else dropIfEmpty(ctx, ref);
    throw error;
  }
  ctx.announce(events.HSET, 1, made.value);
  ctx.propagate((argc - 2) / 2);
  return added;
}

function prepare(ctx: Context, ref: Ref): void {
  const { argc, args } = ctx.req;
  let longest = 0;
  let bytes = 0;
  for (let i = 2; i < argc; i++) {
    const len = args[2 * i + 1];
    bytes += len;
    if (len > longest) longest = len;
  }
  hashes.prepare(ctx.space, ref, (argc - 2) / 2, longest, bytes);
}
