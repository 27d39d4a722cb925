/**
 * Two ways, and the one with less work is taken, as in Redis: look for every member of the first set in all others (members of the
 * first × sets), or copy the first set and take the members of all others out of it (members of all sets). The first gets an
 * advantage, since it often ends early and keeps nothing.
 */

import { events, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';
import { replyMembers } from './members-reply.ts';
import { emptySet, lookupSets, operands, storeResult } from './operands.ts';

const members = new sets.SetIterator();
const sizes = new Map<Ref, number>();

/** Which way; for the first, the largest of the other sets come to stand in front. */
function plan(ctx: Context): 'nothing' | 'look up' | 'take out' {
  const first = operands[0];
  if (first === 0 || operands.indexOf(first, 1) > 0) return 'nothing';
  const { space } = ctx;
  const firstSize = sets.size(space, first);
  let lookups = 0;
  let removals = 0;
  for (const ref of operands) {
    if (ref === 0) continue;
    const size = sets.size(space, ref);
    sizes.set(ref, size);
    lookups += firstSize;
    removals += size;
  }
  const lookUp = Math.floor(lookups / 2) <= removals;
  if (lookUp) {
    operands.shift();
    operands.sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
    operands.unshift(first);
  }
  sizes.clear();
  return lookUp ? 'look up' : 'take out';
}

function isInNoOther(ctx: Context): boolean {
  for (let i = 1; i < operands.length; i++) {
    if (operands[i] !== 0 && sets.hasElement(ctx.space, operands[i], members.element)) return false;
  }
  return true;
}

function copyWithoutOthers(ctx: Context, result: Ref): void {
  const { space } = ctx;
  for (let i = 0; i < operands.length; i++) {
    if (operands[i] === 0) continue;
    members.start(space, operands[i]);
    while (members.next()) {
      if (i === 0) sets.addElement(space, result, members.element);
      else sets.removeElement(space, result, members.element);
    }
    if (sets.size(space, result) === 0) return;
  }
}

export function subtract(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  const { reply, space } = ctx;
  const way = plan(ctx);
  if (way === 'nothing') reply.set(0);
  else if (way === 'look up') {
    const element = members.element;
    const mark = reply.beginAggregate();
    let sent = 0;
    members.start(space, operands[0]);
    while (members.next()) {
      if (!isInNoOther(ctx)) continue;
      reply.bulk(element.buf, element.off, element.len);
      sent++;
    }
    reply.endAggregate(mark, 'set', sent);
  } else {
    const result = emptySet(ctx);
    try {
      copyWithoutOthers(ctx, result);
      reply.set(sets.size(space, result));
      replyMembers(ctx, result);
    } finally {
      ctx.keyspace.dropDetached(result);
    }
  }
}

export function subtractStore(ctx: Context, first: number, n: number): void {
  if (!lookupSets(ctx, first, n)) return;
  const { space } = ctx;
  const way = plan(ctx);
  if (way === 'nothing') {
    storeResult(ctx, events.SDIFFSTORE, 0);
    return;
  }
  const result = emptySet(ctx);
  try {
    if (way === 'take out') copyWithoutOthers(ctx, result);
    else {
      members.start(space, operands[0]);
      while (members.next()) if (isInNoOther(ctx)) sets.addElement(space, result, members.element);
    }
    storeResult(ctx, events.SDIFFSTORE, result);
  } catch (error) {
    ctx.keyspace.dropDetached(result);
    throw error;
  }
}
