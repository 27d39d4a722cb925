import { Element, TYPE_LIST, lists } from '@weir/keyspace';
import { SYNTAX_ERROR, integerArg, isWord, rangeArg } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { clampRange, range, rangeArgs, replyRange, signedArg } from './shared.ts';

const element = new Element();
const iterator = new lists.ListIterator();

export const llen: Command = {
  name: 'llen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the length of a list',
    since: '1.0.0',
    group: 'list',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.int(0);
    else if (ctx.isType(ref, TYPE_LIST)) ctx.reply.int(lists.length(ctx.space, ref));
  },
};

export const lindex: Command = {
  name: 'lindex',
  arity: 3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get an element from a list by its index',
    since: '1.0.0',
    group: 'list',
    complexity:
      'O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'index', type: 'integer' },
    ],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) {
      ctx.reply.nil();
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const at = integerArg(ctx, 2);
    if (at !== at) return;
    if (lists.index(ctx.space, ref, at, element)) ctx.reply.bulk(element.buf, element.off, element.len);
    else ctx.reply.nil();
  },
};

export const lrange: Command = {
  name: 'lrange',
  arity: 4,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Get a range of elements from a list',
    since: '1.0.0',
    group: 'list',
    complexity:
      'O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
    ],
  },
  run(ctx) {
    if (!rangeArgs(ctx, 2)) return;
    const ref = ctx.lookupRead(1);
    if (ref === 0) {
      ctx.reply.array(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const n = clampRange(lists.length(ctx.space, ref));
    if (n === 0) ctx.reply.array(0);
    else replyRange(ctx, ref, range.start, n, false);
  },
};

export const lpos: Command = {
  name: 'lpos',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Return the index of matching elements on a list',
    since: '6.0.6',
    group: 'list',
    complexity:
      'O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'element', type: 'string' },
      { name: 'rank', type: 'integer', token: 'RANK', flags: ['optional'] },
      { name: 'num-matches', type: 'integer', token: 'COUNT', flags: ['optional'] },
      { name: 'len', type: 'integer', token: 'MAXLEN', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    let rank = 1;
    let count = -1;
    let maxLen = 0;
    for (let i = 3; i < req.argc; i += 2) {
      if (i + 1 === req.argc) {
        reply.error(SYNTAX_ERROR);
        return;
      }
      if (isWord(req, i, 'rank')) {
        rank = signedArg(ctx, i + 1);
        if (rank !== rank) return;
        if (rank === 0) {
          reply.error(
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
          );
          return;
        }
      } else if (isWord(req, i, 'count')) {
        count = rangeArg(ctx, i + 1, 0, Infinity, "ERR COUNT can't be negative");
        if (count !== count) return;
      } else if (isWord(req, i, 'maxlen')) {
        maxLen = rangeArg(ctx, i + 1, 0, Infinity, "ERR MAXLEN can't be negative");
        if (maxLen !== maxLen) return;
      } else {
        reply.error(SYNTAX_ERROR);
        return;
      }
    }
    const ref = ctx.lookupRead(1);
    if (ref === 0) {
      if (count < 0) reply.nil();
      else reply.array(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const backward = rank < 0;
    const length = lists.length(ctx.space, ref);
    const steps = maxLen === 0 ? length : Math.min(length, maxLen);
    const [off, len] = [req.off(2), req.len(2)];
    let left = count < 0 ? 1 : count === 0 ? Infinity : count;
    let skip = Math.abs(rank) - 1;
    let found = 0;
    const mark = reply.beginAggregate();
    iterator.start(ctx.space, ref, backward ? length - 1 : 0, backward);
    for (let i = 0; i < steps && left > 0; i++) {
      iterator.step();
      if (!iterator.equals(req.buf, off, len)) continue;
      if (skip > 0) skip--;
      else {
        reply.int(backward ? length - 1 - i : i);
        found++;
        left--;
      }
    }
    if (count >= 0) reply.endAggregate(mark, 'array', found);
    else if (found === 0) reply.nil();
  },
};
