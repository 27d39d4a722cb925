import { TYPE_LIST, events, lists } from '@weir/keyspace';
import { SYNTAX_ERROR, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { clampRange, range, rangeArgs, removed } from './shared.ts';

export const linsert: Command = {
  name: 'linsert',
  arity: 5,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Insert an element before or after another element in a list',
    since: '2.2.0',
    group: 'list',
    complexity:
      'O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      {
        name: 'where',
        type: 'oneof',
        arguments: [
          { name: 'before', type: 'pure-token', token: 'BEFORE' },
          { name: 'after', type: 'pure-token', token: 'AFTER' },
        ],
      },
      { name: 'pivot', type: 'string' },
      { name: 'element', type: 'string' },
    ],
  },
  run(ctx, req) {
    const after = isWord(req, 2, 'after');
    if (!after && !isWord(req, 2, 'before')) {
      ctx.reply.error(SYNTAX_ERROR);
      return;
    }
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const { space } = ctx;
    const buf = req.buf;
    if (!lists.insert(space, ref, after, buf, req.off(3), req.len(3), buf, req.off(4), req.len(4))) {
      ctx.reply.int(-1);
      return;
    }
    ctx.announce(events.LINSERT, 1);
    ctx.propagate();
    ctx.reply.int(lists.length(space, ref));
  },
};

export const lset: Command = {
  name: 'lset',
  arity: 4,
  flags: ['write', 'denyoom'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'Set the value of an element in a list by its index',
    since: '1.0.0',
    group: 'list',
    complexity:
      'O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'index', type: 'integer' },
      { name: 'element', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.error('ERR no such key');
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const at = integerArg(ctx, 2);
    if (at !== at) return;
    if (!lists.set(ctx.space, ref, at, req.buf, req.off(3), req.len(3))) {
      ctx.reply.error('ERR index out of range');
      return;
    }
    ctx.announce(events.LSET, 1);
    ctx.propagate();
    ctx.reply.ok();
  },
};

export const lrem: Command = {
  name: 'lrem',
  arity: 4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove elements from a list',
    since: '1.0.0',
    group: 'list',
    complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'count', type: 'integer' },
      { name: 'element', type: 'string' },
    ],
  },
  run(ctx, req) {
    // The smallest integer, which has no positive, removes all from the tail on, as in Redis 7.2.
    const count = integerArg(ctx, 2);
    if (count !== count) return;
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const max = count === 0 ? Infinity : Math.abs(count);
    const n = lists.remove(ctx.space, ref, max, count < 0, req.buf, req.off(3), req.len(3));
    if (n > 0) {
      removed(ctx, events.LREM, 1, ref);
      ctx.propagate(n);
    }
    ctx.reply.int(n);
  },
};

export const ltrim: Command = {
  name: 'ltrim',
  arity: 4,
  flags: ['write'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Trim a list to the specified range',
    since: '1.0.0',
    group: 'list',
    complexity: 'O(N) where N is the number of elements to be removed by the operation.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
    ],
  },
  run(ctx) {
    if (!rangeArgs(ctx, 2)) return;
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.ok();
      return;
    }
    if (!ctx.isType(ref, TYPE_LIST)) return;
    const length = lists.length(ctx.space, ref);
    const kept = clampRange(length);
    lists.trim(ctx.space, ref, range.start, kept);
    // Redis tells it even when nothing was taken.
    if (kept === length) {
      lists.shrink(ctx.space, ref);
      ctx.notice(events.LTRIM, 1);
    } else {
      removed(ctx, events.LTRIM, 1, ref);
      ctx.propagate(length - kept);
    }
    ctx.reply.ok();
  },
};
