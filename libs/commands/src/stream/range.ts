import { TYPE_STREAM, streams } from '@weir/keyspace';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { replyEntries } from './entries.ts';
import { boundArg } from './ids.ts';

const start = streams.newId();
const end = streams.newId();

function replyRange(ctx: Context, reverse: boolean): void {
  const { req, reply } = ctx;
  if (!boundArg(ctx, reverse ? 3 : 2, start, false)) return;
  if (!boundArg(ctx, reverse ? 2 : 3, end, true)) return;
  let count = -1;
  for (let i = 4; i < req.argc; i += 2) {
    if (i + 1 >= req.argc || !isWord(req, i, 'count')) return reply.error(SYNTAX_ERROR);
    count = integerArg(ctx, i + 1);
    if (count !== count) return;
    if (count < 0) count = 0;
  }
  const ref = ctx.lookupRead(1);
  if (ref === 0) return reply.array(0);
  if (!ctx.isType(ref, TYPE_STREAM)) return;
  if (count === 0) reply.nilArray();
  else replyEntries(ctx, ref, start, end, count === -1 ? 0 : count, reverse);
}

export const xrange: Command = {
  name: 'xrange',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return a range of elements in a stream, with IDs matching the specified IDs interval',
    since: '5.0.0',
    group: 'stream',
    complexity:
      'O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    history: [['6.2.0', 'Added exclusive ranges.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'string' },
      { name: 'end', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx) {
    replyRange(ctx, false);
  },
};

export const xrevrange: Command = {
  name: 'xrevrange',
  arity: -4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary:
      'Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse order (from greater to smaller IDs) compared to XRANGE',
    since: '5.0.0',
    group: 'stream',
    complexity:
      'O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    history: [['6.2.0', 'Added exclusive ranges.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'end', type: 'string' },
      { name: 'start', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx) {
    replyRange(ctx, true);
  },
};

export const xlen: Command = {
  name: 'xlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Return the number of entries in a stream',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.int(0);
    else if (ctx.isType(ref, TYPE_STREAM)) ctx.reply.int(streams.length(ctx.space, ref));
  },
};
