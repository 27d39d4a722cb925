import { TYPE_STREAM, events, streams } from '@weir/keyspace';
import { SYNTAX_ERROR, bigIntArg, integerArg, isWord } from '../core/args.ts';
import type { Command } from '../core/command.ts';
import { oneKey } from '../core/key-specs.ts';
import { IdList, idArg, idArgs } from './ids.ts';

const ids = new IdList();
const id = streams.newId();
const bound = streams.newId();
const other = streams.newId();

export const xdel: Command = {
  name: 'xdel',
  arity: -3,
  flags: ['write', 'fast'],
  keySpecs: [oneKey('RW', 'delete')],
  docs: {
    summary:
      'Removes the specified entries from the stream. Returns the number of items actually deleted, that may be different from the number of IDs passed in case certain IDs do not exist.',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1) for each single item to delete in the stream, regardless of the stream size.',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'id', type: 'string', flags: ['multiple'] },
    ],
  },
  run(ctx) {
    const { reply } = ctx;
    const ref = ctx.lookupWrite(1);
    if (ref === 0) return reply.int(0);
    if (!ctx.isType(ref, TYPE_STREAM)) return;
    if (!idArgs(ctx, 2, ids)) return;
    let deleted = 0;
    for (let i = 0; i < ids.length; i++) {
      ids.get(i, id);
      if (streams.deleteEntry(ctx.space, ref, id)) deleted++;
    }
    if (deleted > 0) {
      ctx.announce(events.XDEL, 1);
      ctx.propagate(deleted);
    }
    reply.int(deleted);
  },
};

export const xsetid: Command = {
  name: 'xsetid',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keySpecs: [oneKey('RW', 'update')],
  docs: {
    summary: 'An internal command for replicating stream values',
    since: '5.0.0',
    group: 'stream',
    complexity: 'O(1)',
    history: [['7.0.0', 'Added the `entries_added` and `max_deleted_entry_id` arguments.']],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'last-id', type: 'string' },
      { name: 'entries_added', type: 'integer', token: 'ENTRIESADDED', since: '7.0.0', flags: ['optional'] },
      { name: 'max_deleted_entry_id', type: 'string', token: 'MAXDELETEDID', since: '7.0.0', flags: ['optional'] },
    ],
  },
  run(ctx, req) {
    const { reply } = ctx;
    let added = -1;
    let addedAt = 0;
    let deletedGiven = false;
    if (!idArg(ctx, 2, id)) return;
    for (let i = 3; i < req.argc; i += 2) {
      const more = i + 1 < req.argc;
      if (more && isWord(req, i, 'entriesadded')) {
        added = integerArg(ctx, i + 1);
        if (added !== added) return;
        if (added < 0) return reply.error('ERR entries_added must be positive');
        addedAt = i + 1;
      } else if (more && isWord(req, i, 'maxdeletedid')) {
        if (!idArg(ctx, i + 1, other)) return;
        if (streams.compareIds(id, other) < 0) {
          return reply.error('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id');
        }
        deletedGiven = !streams.isZeroId(other);
      } else return reply.error(SYNTAX_ERROR);
    }
    const ref = ctx.lookupWrite(1);
    if (ref === 0) return reply.error('ERR no such key');
    if (!ctx.isType(ref, TYPE_STREAM)) return;
    streams.maxDeletedId(ctx.space, ref, bound);
    if (streams.compareIds(id, bound) < 0) {
      return reply.error('ERR The ID specified in XSETID is smaller than current max_deleted_entry_id');
    }
    if (streams.edgeId(ctx.space, ref, true, bound)) {
      if (streams.compareIds(id, bound) < 0) {
        return reply.error('ERR The ID specified in XSETID is smaller than the target stream top item');
      }
      if (addedAt > 0 && streams.length(ctx.space, ref) > added) {
        return reply.error('ERR The entries_added specified in XSETID is smaller than the target stream length');
      }
    }
    streams.setLastId(ctx.space, ref, id);
    if (addedAt > 0) {
      const exact = bigIntArg(req, addedAt);
      streams.setEntriesAdded(ctx.space, ref, Number(exact & 0xffffffffn), Number(exact >> 32n));
    }
    if (deletedGiven) streams.setMaxDeletedId(ctx.space, ref, other);
    ctx.announce(events.XSETID, 1);
    ctx.propagate();
    reply.ok();
  },
};
