import { listpack, sets } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { Context } from '../core/context.ts';

const members = new sets.SetIterator();

/** All members of a set, without a header. */
export function replyMembers(ctx: Context, ref: Ref): void {
  const { reply } = ctx;
  if (listpack.writePacked(ctx.space, ref, 0, sets.size(ctx.space, ref), 0, reply)) return;
  const element = members.element;
  members.start(ctx.space, ref);
  while (members.next()) reply.bulk(element.buf, element.off, element.len);
}
