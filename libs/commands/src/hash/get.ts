import { Element, hashes, listpack } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { readHash } from './common.ts';

const element = new Element();
const pairs = new hashes.HashIterator();

export const hget: Command = {
  name: 'hget',
  arity: 3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the value of a hash field',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = readHash(ctx);
    if (ref > 0) replyField(ctx, ref, req.args[4], req.args[5]);
    else if (ref === 0) ctx.reply.nil();
  },
};

export const hmget: Command = {
  name: 'hmget',
  arity: -3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get the values of all the given hash fields',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the number of fields being requested.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const ref = readHash(ctx);
    if (ref < 0) return;
    ctx.reply.array(req.argc - 2);
    for (let i = 2; i < req.argc; i++) {
      if (ref === 0) ctx.reply.nil();
      else replyField(ctx, ref, req.args[2 * i], req.args[2 * i + 1]);
    }
  },
};

export const hgetall: Command = {
  name: 'hgetall',
  arity: 2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get all the fields and values in a hash',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = readHash(ctx);
    if (ref <= 0) {
      if (ref === 0) ctx.reply.map(0);
      return;
    }
    const { reply } = ctx;
    const n = hashes.length(ctx.space, ref);
    reply.map(n);
    if (listpack.writePacked(ctx.space, ref, 0, 2 * n, 0, reply)) return;
    pairs.start(ctx.space, ref);
    while (pairs.next()) {
      const { field, value } = pairs;
      reply.bulk(field.buf, field.off, field.len);
      reply.bulk(value.buf, value.off, value.len);
    }
  },
};

export const hkeys: Command = {
  name: 'hkeys',
  arity: 2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get all the fields in a hash',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyHalf(ctx, true);
  },
};

export const hvals: Command = {
  name: 'hvals',
  arity: 2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get all the values in a hash',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the size of the hash.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    replyHalf(ctx, false);
  },
};

export const hlen: Command = {
  name: 'hlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the number of fields in a hash',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = readHash(ctx);
    if (ref > 0) ctx.reply.int(hashes.length(ctx.space, ref));
    else if (ref === 0) ctx.reply.int(0);
  },
};

export const hstrlen: Command = {
  name: 'hstrlen',
  arity: 3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the length of the value of a hash field',
    since: '3.2.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = readHash(ctx);
    if (ref > 0) ctx.reply.int(hashes.valueLength(ctx.space, ref, req.buf, req.args[4], req.args[5]));
    else if (ref === 0) ctx.reply.int(0);
  },
};

export const hexists: Command = {
  name: 'hexists',
  arity: 3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Determine if a hash field exists',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = readHash(ctx);
    if (ref > 0) ctx.reply.int(hashes.has(ctx.space, ref, req.buf, req.args[4], req.args[5]) ? 1 : 0);
    else if (ref === 0) ctx.reply.int(0);
  },
};

function replyField(ctx: Context, ref: number, off: number, len: number): void {
  if (hashes.get(ctx.space, ref, ctx.req.buf, off, len, element)) {
    ctx.reply.bulk(element.buf, element.off, element.len);
  } else ctx.reply.nil();
}

function replyHalf(ctx: Context, fields: boolean): void {
  const ref = readHash(ctx);
  if (ref <= 0) {
    if (ref === 0) ctx.reply.array(0);
    return;
  }
  const { reply } = ctx;
  const n = hashes.length(ctx.space, ref);
  reply.array(n);
  if (listpack.writePacked(ctx.space, ref, fields ? 0 : 1, n, 1, reply)) return;
  pairs.start(ctx.space, ref);
  while (pairs.next()) {
    const half = fields ? pairs.field : pairs.value;
    reply.bulk(half.buf, half.off, half.len);
  }
}
