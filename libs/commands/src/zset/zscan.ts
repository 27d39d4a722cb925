import { TYPE_ZSET, zsets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import { formatDouble } from '@weir/resp';
import type { Request } from '@weir/resp';
import type { Command } from '../core/command.ts';
import type { Context } from '../core/context.ts';
import { oneKey } from '../core/key-specs.ts';
import { cursorArg, matchesArg, parseScanOptions, replyNothing, scanOptions } from '../core/scan.ts';

export const zscan: Command = {
  name: 'zscan',
  arity: -3,
  flags: ['readonly'],
  keySpecs: [oneKey('RO', 'access')],
  tips: ['nondeterministic_output'],
  docs: {
    summary: 'Incrementally iterate sorted sets elements and associated scores',
    since: '2.8.0',
    group: 'sorted-set',
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..',
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
      { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    ],
  },
  run: runZscan,
};
const cursor = new zsets.Cursor();
const page: Ref[] = [];

function runZscan(ctx: Context, req: Request): void {
  const { reply, space } = ctx;
  let at = cursorArg(ctx, 2);
  if (at < 0) return;
  const ref = ctx.lookupRead(1);
  if (ref === 0) return replyNothing(reply);
  if (!ctx.isType(ref, TYPE_ZSET)) return;
  if (!parseScanOptions(ctx, 3, false)) return;

  const { pattern, count } = scanOptions;
  const small = zsets.isPacked(space, ref);
  if (small) at = 0;
  else {
    // As Redis: at most ten buckets for each member that is asked for.
    page.length = 0;
    let buckets = count * 10;
    do at = zsets.scan(space, ref, at, page);
    while (at !== 0 && --buckets > 0 && page.length < count);
  }
  reply.array(2);
  reply.bulkLatin1(String(at));
  const mark = reply.beginAggregate();
  let found = 0;
  if (small) {
    cursor.seek(space, ref, 0);
    do found += replyPair(ctx, req, pattern);
    while (cursor.next());
  } else {
    for (const element of page) {
      cursor.at(space, element);
      found += replyPair(ctx, req, pattern);
    }
    page.length = 0;
  }
  reply.endAggregate(mark, 'array', 2 * found);
}

/** Replies member and score, which is a string in RESP3 too. 0: the member does not match. */
function replyPair(ctx: Context, req: Request, pattern: number): number {
  const { element } = cursor;
  if (pattern !== 0 && !matchesArg(req, pattern, element.buf, element.off, element.len)) return 0;
  ctx.reply.bulk(element.buf, element.off, element.len);
  // A listpack has large integers with all their digits.
  const score = cursor.packedScore();
  if (score === null) ctx.reply.bulkLatin1(formatDouble(cursor.score()));
  else ctx.reply.bulk(score.buf, score.off, score.len);
  return 1;
}
