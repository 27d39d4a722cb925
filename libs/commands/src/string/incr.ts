/** Integers are stored as their decimal text, so GET needs no conversion and INCR a short one. */

import { ENC_INT, events, valueAddress, valueLength } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { NOT_AN_INTEGER, bigIntArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { BEYOND, INT64_MAX, INT64_MIN, bigInt64, integerLength, parseInt64, writeInteger } from '../core/integer.ts';
import { oneKey } from '../core/key-specs.ts';
import { putString } from '../core/strings.ts';

export const incr: Command = {
  name: 'incr',
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the integer value of a key by one',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    add(ctx, 1, 0n);
  },
};

export const decr: Command = {
  name: 'decr',
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Decrement the integer value of a key by one',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    add(ctx, -1, 0n);
  },
};

export const incrby: Command = {
  name: 'incrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Increment the integer value of a key by the given amount',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'increment', type: 'integer' },
    ],
  },
  run(ctx, req) {
    const delta = parseInt64(req.buf, req.args[4], req.args[5]);
    if (delta !== delta) ctx.reply.error(NOT_AN_INTEGER);
    else add(ctx, delta, delta === BEYOND ? bigIntArg(req, 2) : 0n);
  },
};

export const decrby: Command = {
  name: 'decrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'update')],
  docs: {
    summary: 'Decrement the integer value of a key by the given number',
    since: '1.0.0',
    group: 'string',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'decrement', type: 'integer' },
    ],
  },
  run(ctx, req) {
    const delta = parseInt64(req.buf, req.args[4], req.args[5]);
    if (delta !== delta) {
      ctx.reply.error(NOT_AN_INTEGER);
      return;
    }
    if (delta !== BEYOND) {
      add(ctx, 0 - delta, 0n);
      return;
    }
    const big = bigIntArg(req, 2);
    if (big === INT64_MIN) ctx.reply.error('ERR decrement would overflow');
    else add(ctx, BEYOND, -big);
  },
};

/** Adds `delta`, or `big` where delta is BEYOND. */
function add(ctx: Context, delta: number, big: bigint): void {
  const arena = ctx.arena;
  const ref = ctx.lookupWrite(1);
  let old = 0;
  if (ref !== 0) {
    if (!ctx.isString(ref)) return;
    old = parseInt64(arena.u8, valueAddress(arena, ref), valueLength(arena, ref));
    if (old !== old) {
      ctx.reply.error(NOT_AN_INTEGER);
      return;
    }
  }
  const sum = old + delta;
  if (!Number.isSafeInteger(sum)) {
    addBig(ctx, ref, old, delta, big);
    return;
  }
  const length = integerLength(sum);
  const next = putString(ctx, events.INCRBY, ref, 1, length, ENC_INT);
  writeInteger(arena.u8, valueAddress(arena, next), length, sum);
  ctx.propagate();
  ctx.reply.int(sum);
}

function addBig(ctx: Context, ref: Ref, old: number, delta: number, big: bigint): void {
  const arena = ctx.arena;
  const from = old === BEYOND ? bigInt64(arena.u8, valueAddress(arena, ref), valueLength(arena, ref)) : BigInt(old);
  const sum = from + (delta === BEYOND ? big : BigInt(delta));
  if (sum > INT64_MAX || sum < INT64_MIN) {
    ctx.reply.error('ERR increment or decrement would overflow');
    return;
  }
  const text = sum.toString();
  const next = putString(ctx, events.INCRBY, ref, 1, text.length, ENC_INT);
  const at = valueAddress(arena, next);
  for (let i = 0; i < text.length; i++) arena.u8[at + i] = text.charCodeAt(i);
  ctx.propagate();
  ctx.reply.bigint(sum);
}
