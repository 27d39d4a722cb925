/** Redis 7.2 reads all arguments before it looks for the key; 7.0 answered 0 or -1 where there was none. */

import { valueAddress, valueLength } from '@weir/keyspace';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { countBitRange, findBit } from './bits.ts';
import { cutRange, isBackwards, range } from './common.ts';

export const bitcount: Command = {
  name: 'bitcount',
  arity: -2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Count set bits in a string',
    since: '2.6.0',
    group: 'bitmap',
    complexity: 'O(N)',
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'index',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'start', type: 'integer' },
          { name: 'end', type: 'integer' },
          {
            name: 'index_unit',
            type: 'oneof',
            since: '7.0.0',
            flags: ['optional'],
            arguments: [
              { name: 'byte', type: 'pure-token', token: 'BYTE' },
              { name: 'bit', type: 'pure-token', token: 'BIT' },
            ],
          },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    let start = 0;
    let end = -1;
    let inBits = false;
    if (req.argc === 4 || req.argc === 5) {
      start = integerArg(ctx, 2);
      if (start !== start) return;
      end = integerArg(ctx, 3);
      if (end !== end) return;
      if (req.argc === 5) {
        const unit = unitArg(ctx, 4);
        if (unit < 0) return;
        inBits = unit === 1;
      }
    } else if (req.argc !== 2) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    const ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    const bytes = ref === 0 ? 0 : valueLength(arena, ref);
    const backwards = req.argc > 2 && isBackwards(ctx, 2, start, 3, end);
    if (backwards || !cutRange(start, end, inBits ? bytes * 8 : bytes)) {
      reply.int(0);
      return;
    }
    const from = inBits ? range.start : range.start * 8;
    const to = inBits ? range.end : range.end * 8 + 7;
    reply.int(countBitRange(arena.u8, arena.i32, valueAddress(arena, ref), from, to));
  },
};

export const bitpos: Command = {
  name: 'bitpos',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Find first bit set or clear in a string',
    since: '2.8.7',
    group: 'bitmap',
    complexity: 'O(N)',
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'bit', type: 'integer' },
      {
        name: 'index',
        type: 'block',
        flags: ['optional'],
        arguments: [
          { name: 'start', type: 'integer' },
          {
            name: 'end_index',
            type: 'block',
            flags: ['optional'],
            arguments: [
              { name: 'end', type: 'integer' },
              {
                name: 'index_unit',
                type: 'oneof',
                since: '7.0.0',
                flags: ['optional'],
                arguments: [
                  { name: 'byte', type: 'pure-token', token: 'BYTE' },
                  { name: 'bit', type: 'pure-token', token: 'BIT' },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
  run(ctx, req) {
    const { arena, reply } = ctx;
    const bit = integerArg(ctx, 2);
    if (bit !== bit) return;
    if (bit !== 0 && bit !== 1) {
      reply.error('ERR The bit argument must be 1 or 0.');
      return;
    }
    let start = 0;
    let end = -1;
    let inBits = false;
    if (req.argc > 6) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    if (req.argc > 3) {
      start = integerArg(ctx, 3);
      if (start !== start) return;
      if (req.argc === 6) {
        const unit = unitArg(ctx, 5);
        if (unit < 0) return;
        inBits = unit === 1;
      }
      if (req.argc > 4) {
        end = integerArg(ctx, 4);
        if (end !== end) return;
      }
    }
    const ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isString(ref)) return;
    if (ref === 0) {
      // Zeros without end.
      reply.int(bit === 1 ? -1 : 0);
      return;
    }
    const bytes = valueLength(arena, ref);
    if (!cutRange(start, end, inBits ? bytes * 8 : bytes)) {
      reply.int(-1);
      return;
    }
    const from = inBits ? range.start : range.start * 8;
    const to = inBits ? range.end : range.end * 8 + 7;
    const found = findBit(arena.u8, arena.i32, valueAddress(arena, ref), bit, from, to);
    // Behind the string there are zeros, unless an end was given.
    reply.int(found < 0 && bit === 0 && req.argc < 5 ? bytes * 8 : found);
  },
};

/** 1: BIT, 0: BYTE, -1: answered. */
function unitArg(ctx: Context, i: number): number {
  if (isWord(ctx.req, i, 'bit')) return 1;
  if (isWord(ctx.req, i, 'byte')) return 0;
  ctx.reply.error(SYNTAX_ERROR);
  return -1;
}
