import { ENC_INTSET, TYPE_SET, events, sets } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { replyMembers } from './members-reply.ts';

export const sadd: Command = {
  name: 'sadd',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'insert')],
  docs: {
    summary: 'Add one or more members to a set',
    since: '1.0.0',
    group: 'set',
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    history: [['2.4.0', 'Accepts multiple `member` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const { space } = ctx;
    const argc = req.argc;
    let ref = ctx.lookupWrite(1);
    const isNew = ref === 0;
    if (isNew) ref = ctx.create(1, TYPE_SET, ENC_INTSET);
    else if (!ctx.isType(ref, TYPE_SET)) return;
    const args = req.args;
    let added = 0;
    let i = 2;
    try {
      sets.prepare(space, ref, argc - 2, req.buf, args[4], args[5]);
      for (; i < argc; i++) added += sets.add(space, ref, req.buf, args[2 * i], args[2 * i + 1]);
    } catch (error) {
      if (added > 0) {
        ctx.announce(events.SADD, 1, isNew);
        ctx.propagateFirst(i, added);
      } else if (isNew) ctx.undoCreate(ref);
      throw error;
    }
    if (added > 0) {
      ctx.announce(events.SADD, 1, isNew);
      ctx.propagate(added);
    }
    ctx.reply.int(added);
  },
};

export const srem: Command = {
  name: 'srem',
  arity: -3,
  flags: ['write', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Remove one or more members from a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the number of members to be removed.',
    history: [['2.4.0', 'Accepts multiple `member` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_SET)) return;
    const { space } = ctx;
    const argc = req.argc;
    const args = req.args;
    let removed = 0;
    for (let i = 2; i < argc; i++) removed += sets.remove(space, ref, req.buf, args[2 * i], args[2 * i + 1]);
    if (removed > 0) {
      ctx.announce(events.SREM, 1);
      if (sets.size(space, ref) === 0) ctx.removeEntry(1, ref);
      ctx.propagate(removed);
    }
    ctx.reply.int(removed);
  },
};

export const sismember: Command = {
  name: 'sismember',
  arity: 3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Determine if a given value is a member of a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(1)',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.int(0);
    else if (ctx.isType(ref, TYPE_SET)) {
      ctx.reply.int(sets.has(ctx.space, ref, req.buf, req.args[4], req.args[5]) ? 1 : 0);
    }
  },
};

export const smismember: Command = {
  name: 'smismember',
  arity: -3,
  flags: ['readonly', 'fast'],
  member: 2,
  keySpecs: [oneKey('RO', 'access')],
  docs: {
    summary: 'Returns the membership associated with the given elements for a set',
    since: '6.2.0',
    group: 'set',
    complexity: 'O(N) where N is the number of elements being checked for membership',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupRead(1);
    if (ref !== 0 && !ctx.isType(ref, TYPE_SET)) return;
    const { space, reply } = ctx;
    const args = req.args;
    reply.array(req.argc - 2);
    for (let i = 2; i < req.argc; i++) {
      reply.int(ref !== 0 && sets.has(space, ref, req.buf, args[2 * i], args[2 * i + 1]) ? 1 : 0);
    }
  },
};

export const smembers: Command = {
  name: 'smembers',
  arity: 2,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output_order'],
  docs: {
    summary: 'Get all the members in a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(N) where N is the set cardinality.',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.set(0);
    else if (ctx.isType(ref, TYPE_SET)) {
      ctx.reply.set(sets.size(ctx.space, ref));
      replyMembers(ctx, ref);
    }
  },
};

export const scard: Command = {
  name: 'scard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keySpecs: [oneKey('RO')],
  docs: {
    summary: 'Get the number of members in a set',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(1)',
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
  },
  run(ctx) {
    const ref = ctx.lookupRead(1);
    if (ref === 0) ctx.reply.int(0);
    else if (ctx.isType(ref, TYPE_SET)) ctx.reply.int(sets.size(ctx.space, ref));
  },
};
