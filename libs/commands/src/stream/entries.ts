import { TYPE_STREAM, streams } from '@weir/keyspace';
import type { Ref } from '@weir/memory';
import type { ReplyWriter } from '@weir/resp';
import type { Context } from '../core/context.ts';
import { replyId } from './ids.ts';

const cursor = new streams.EntryCursor();

/** Answers the entry that the cursor is at: its ID, and fields and values in turn. */
export function replyEntry(reply: ReplyWriter, at: streams.EntryCursor): void {
  reply.array(2);
  replyId(reply, at.id);
  reply.array(2 * at.fields);
  for (let i = at.fields; i > 0; i--) {
    at.nextField();
    const { field, value } = at;
    reply.bulk(field.buf, field.off, field.len);
    reply.bulk(value.buf, value.off, value.len);
  }
}

/** Answers an array of the entries in a range; `count` of them at most (0: all). */
export function replyEntries(
  ctx: Context,
  ref: Ref,
  from: streams.StreamId,
  to: streams.StreamId,
  count: number,
  reverse: boolean,
): void {
  const { reply } = ctx;
  const mark = reply.beginAggregate();
  let entries = 0;
  cursor.start(ctx.space, ref, from, to, reverse);
  while (cursor.next()) {
    replyEntry(reply, cursor);
    if (++entries === count) break;
  }
  reply.endAggregate(mark, 'array', entries);
}

/** Answers one entry; false: there is none of that ID, and nothing was answered. */
export function replyEntryOf(ctx: Context, ref: Ref, id: streams.StreamId): boolean {
  cursor.start(ctx.space, ref, id, id);
  if (!cursor.next()) return false;
  replyEntry(ctx.reply, cursor);
  return true;
}

/** Answers the first or last entry, or nil. */
export function replyEdgeEntry(ctx: Context, ref: Ref, last: boolean): void {
  cursor.start(ctx.space, ref, streams.ID_MIN, streams.ID_MAX, last);
  if (cursor.next()) replyEntry(ctx.reply, cursor);
  else ctx.reply.nil();
}

/**
 * The entry of the stream in argument `i` for a command that may change its groups. 0: there is no such key; -1: it is
 * no stream, and that was answered.
 */
export function lookupGroups(ctx: Context, i: number): Ref {
  const ref = ctx.lookupRead(i);
  return ref === 0 || ctx.isType(ref, TYPE_STREAM) ? ref : -1;
}

/** The group in argument `i` of a stream; 0: there is none. */
export function groupArg(ctx: Context, ref: Ref, i: number): Ref {
  const { req } = ctx;
  return streams.findGroup(ctx.space, ref, req.buf, req.args[2 * i], req.args[2 * i + 1]);
}

/** The consumer in argument `i` of a group; 0: there is none. */
export function consumerArg(ctx: Context, group: Ref, i: number): Ref {
  const { req } = ctx;
  return streams.findConsumer(ctx.space, group, req.buf, req.args[2 * i], req.args[2 * i + 1]);
}

export function replyConsumerName(ctx: Context, consumer: Ref): void {
  ctx.reply.bulk(ctx.arena.u8, streams.consumerName(consumer), streams.nameLength(ctx.space, consumer));
}
