import { TYPE_HASH, events, hashes } from '@weir/keyspace';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';

export const hdel: Command = {
  name: 'hdel',
  arity: -3,
  flags: ['write', 'fast'],
  member: 2,
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary: 'Delete one or more hash fields',
    since: '2.0.0',
    group: 'hash',
    complexity: 'O(N) where N is the number of fields to be removed.',
    history: [['2.4.0', 'Accepts multiple `field` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'field', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx, req) {
    const ref = ctx.lookupWrite(1);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    if (!ctx.isType(ref, TYPE_HASH)) return;
    let removed = 0;
    let empty = false;
    for (let i = 2; i < req.argc; i++) {
      if (!hashes.remove(ctx.space, ref, req.buf, req.args[2 * i], req.args[2 * i + 1])) continue;
      removed++;
      if (hashes.length(ctx.space, ref) === 0) {
        empty = true;
        break;
      }
    }
    if (removed > 0) {
      ctx.announce(events.HDEL, 1);
      if (empty) ctx.removeEntry(1, ref);
      ctx.propagate(removed);
    }
    ctx.reply.int(removed);
  },
};
