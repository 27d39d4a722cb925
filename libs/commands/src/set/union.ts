import { ENC_HASHTABLE, encodingOf, events, sets } from '@weir/keyspace';
import type { Context } from '../core/context.ts';
import { replyMembers } from './members-reply.ts';
import { emptySet, lookupSets, operands, storeResult } from './operands.ts';

const members = new sets.SetIterator();

/** Of so many sets a member is rather looked for in those before than kept in a set of its own. */
const LOOKUPS_MAX = 4;

export function unite(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  const { reply, space, arena } = ctx;
  let used = 0;
  let large = false;
  for (const ref of operands) {
    if (ref === 0) continue;
    operands[used++] = ref;
    if (encodingOf(arena, ref) === ENC_HASHTABLE) large = true;
  }
  operands.length = used;
  if (used === 0) {
    reply.set(0);
  } else if (used === 1) {
    reply.set(sets.size(space, operands[0]));
    replyMembers(ctx, operands[0]);
  } else if (large && used <= LOOKUPS_MAX) {
    replyInTurn(ctx);
  } else {
    // Which keeps the order that clients see for small sets in Redis: integers ascend.
    const result = emptySet(ctx);
    try {
      uniteInto(ctx, result);
      reply.set(sets.size(space, result));
      replyMembers(ctx, result);
    } finally {
      ctx.keyspace.dropDetached(result);
    }
  }
}

function replyInTurn(ctx: Context): void {
  const { reply, space } = ctx;
  const element = members.element;
  const mark = reply.beginAggregate();
  let sent = 0;
  for (let i = 0; i < operands.length; i++) {
    members.start(space, operands[i]);
    while (members.next()) {
      let before = 0;
      while (before < i && !sets.hasElement(space, operands[before], element)) before++;
      if (before < i) continue;
      reply.bulk(element.buf, element.off, element.len);
      sent++;
    }
  }
  reply.endAggregate(mark, 'set', sent);
}

function uniteInto(ctx: Context, result: number): void {
  const { space } = ctx;
  for (const ref of operands) {
    if (ref === 0) continue;
    members.start(space, ref);
    while (members.next()) sets.addElement(space, result, members.element);
  }
}

export function uniteStore(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  const result = emptySet(ctx);
  try {
    uniteInto(ctx, result);
    storeResult(ctx, events.SUNIONSTORE, result);
  } catch (error) {
    ctx.keyspace.dropDetached(result);
    throw error;
  }
}
