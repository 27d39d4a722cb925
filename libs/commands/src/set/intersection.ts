/** Every member of the smallest set is looked for in all others. */

import { ENC_INTSET, ENC_LISTPACK, encodingOf, events, parseHalves, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';
import { emptySet, lookupSets, operands, storeResult } from './operands.ts';

const members = new sets.SetIterator();
const sizes = new Map<Ref, number>();

/** False: one of the sets does not exist, so there is nothing in all. */
function smallestFirst(ctx: Context): boolean {
  if (operands.includes(0)) return false;
  if (operands.length > 1) {
    for (const ref of operands) sizes.set(ref, sets.size(ctx.space, ref));
    operands.sort((a, b) => sizes.get(a)! - sizes.get(b)!);
    sizes.clear();
  }
  return true;
}

function isInOthers(ctx: Context): boolean {
  for (let i = 1; i < operands.length; i++) {
    if (operands[i] !== operands[0] && !sets.hasElement(ctx.space, operands[i], members.element)) return false;
  }
  return true;
}

export function intersect(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  const { reply } = ctx;
  if (!smallestFirst(ctx)) {
    reply.set(0);
    return;
  }
  const element = members.element;
  const mark = reply.beginAggregate();
  let found = 0;
  members.start(ctx.space, operands[0]);
  while (members.next()) {
    if (!isInOthers(ctx)) continue;
    reply.bulk(element.buf, element.off, element.len);
    found++;
  }
  reply.endAggregate(mark, 'set', found);
}

/** `limit`: stops there; 0 is none. */
export function intersectCount(ctx: Context, first: number, n: number, limit: number): void {
  if (!lookupSets(ctx, first, n)) return;
  let found = 0;
  if (smallestFirst(ctx)) {
    members.start(ctx.space, operands[0]);
    while (members.next() && (limit === 0 || found < limit)) if (isInOthers(ctx)) found++;
  }
  ctx.reply.int(found);
}

export function intersectStore(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  if (!smallestFirst(ctx)) {
    storeResult(ctx, events.SINTERSTORE, 0);
    return;
  }
  const { space } = ctx;
  const element = members.element;
  const ofIntset = encodingOf(ctx.arena, operands[0]) === ENC_INTSET;
  const result = emptySet(ctx, ofIntset ? ENC_INTSET : ENC_LISTPACK);
  let integers = true;
  try {
    members.start(space, operands[0]);
    while (members.next()) {
      if (!isInOthers(ctx)) continue;
      integers &&= element.isInt || parseHalves(element.buf, element.off, element.len);
      sets.addElement(space, result, element);
    }
    if (integers && sets.size(space, result) > 0) sets.tryIntset(space, result);
    storeResult(ctx, events.SINTERSTORE, result);
  } catch (error) {
    ctx.keyspace.dropDetached(result);
    throw error;
  }
}
