import { ENC_INTSET, TYPE_SET, events, sets } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { keyAt, oneKey } from '../core/key-specs.ts';

export const smove: Command = {
  name: 'smove',
  arity: 4,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  docs: {
    summary: 'Move a member from one set to another',
    since: '1.0.0',
    group: 'set',
    complexity: 'O(1)',
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
      { name: 'member', type: 'string' },
    ],
  },
  run(ctx, req) {
    const from = ctx.lookupWrite(1);
    let to = ctx.lookupWrite(2);
    const { space, reply } = ctx;
    const off = req.args[6];
    const len = req.args[7];
    if (from === 0) {
      reply.int(0);
      return;
    }
    if (!ctx.isType(from, TYPE_SET) || (to !== 0 && !ctx.isType(to, TYPE_SET))) return;
    if (!sets.has(space, from, req.buf, off, len)) {
      reply.int(0);
      return;
    }
    if (from === to) {
      reply.int(1);
      return;
    }
    // First what can fail.
    const isNew = to === 0;
    let added: number;
    if (isNew) to = ctx.create(2, TYPE_SET, ENC_INTSET);
    try {
      if (isNew) sets.prepare(space, to, 1, req.buf, off, len);
      added = sets.add(space, to, req.buf, off, len);
    } catch (error) {
      if (isNew) ctx.undoCreate(to);
      throw error;
    }
    sets.remove(space, from, req.buf, off, len);
    ctx.announce(events.SREM, 1);
    if (sets.size(space, from) === 0) ctx.removeEntry(1, from);
    if (added > 0) ctx.announce(events.SADD, 2, isNew);
    ctx.propagate(1 + added);
    reply.int(1);
  },
};
