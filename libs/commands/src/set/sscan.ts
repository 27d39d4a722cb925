import { ENC_HASHTABLE, Element, TYPE_SET, encodingOf, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { cursorArg, matchesArg, parseScanOptions, replyNothing, scanOptions } from '../core/scan.ts';

const members = new sets.SetIterator();
const element = new Element();
const found: Ref[] = [];

export const sscan: Command = {
  name: 'sscan',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Incrementally iterate Set elements',
    since: '2.8.0',
    group: 'set',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run(ctx) {
    const { reply, space } = ctx;
    let cursor = cursorArg(ctx, 2);
    if (cursor < 0) return;
    const ref = ctx.lookupRead(1);
    if (ref === 0) return replyNothing(reply);
    if (!ctx.isType(ref, TYPE_SET) || !parseScanOptions(ctx, 3, false)) return;
    const { count } = scanOptions;
    const isTable = encodingOf(ctx.arena, ref) === ENC_HASHTABLE;
    found.length = 0;
    if (isTable) {
      const stepsMax = count * 10;
      let steps = 0;
      do {
        cursor = sets.scan(space, ref, cursor, found);
        steps++;
      } while (cursor !== 0 && steps <= stepsMax && found.length < count);
    } else cursor = 0;
    reply.array(2);
    reply.bulkLatin1(String(cursor));
    const mark = reply.beginAggregate();
    let sent = 0;
    if (isTable) {
      for (const member of found) {
        sets.member(space, member, element);
        sent += tell(ctx, element);
      }
    } else {
      // Small sets are told whole, whatever the cursor.
      members.start(space, ref);
      while (members.next()) sent += tell(ctx, members.element);
    }
    reply.endAggregate(mark, 'array', sent);
  },
};

function tell(ctx: Context, member: Element): number {
  const { pattern } = scanOptions;
  if (pattern !== 0 && !matchesArg(ctx.req, pattern, member.buf, member.off, member.len)) return 0;
  ctx.reply.bulk(member.buf, member.off, member.len);
  return 1;
}
